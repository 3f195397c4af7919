//! Serves the feed as a stream: first the stored events after a token or from a time,
//! then new ones; and as pages, for callers that poll. Ordered, without gaps or
//! duplicates. A reader that stalls is disconnected, and one whose token belongs to a
//! history that the feed no longer has is rejected.

mod end;
mod list;
mod places;
mod reader;
mod selection;
mod source;
mod step;
mod times;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{Stream, StreamExt as _, stream};
use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use wangge_api::{
    events::v1::{
        ListEventsRequest, ListEventsResponse, SubscribeRequest, SubscribeResponse,
        server::feed_service_server,
    },
    policy::Role,
    refusal::{Reason, Refusal},
};
use wangge_auth::{Caller, RecordScope};

use self::{
    end::End,
    list::List,
    places::Places,
    reader::Reader,
    selection::{Beginning, Selection},
    source::Source,
};
use crate::measures::Served;

/// Connections that readers other than the platform's own services may use at the
/// same time. The pool has 5, one of which listens.
const OTHERS: usize = 2;

/// The gRPC service for the feed of one database.
#[derive(Debug, Clone)]
pub struct Feed {
    pool: PgPool,
    /// Limits the connections used by readers other than the platform's own
    /// services.
    others: Arc<Semaphore>,
    /// The kinds of records that the feed has events of.
    kinds: Arc<[&'static str]>,
    places: Places,
    end: watch::Receiver<End>,
    served: Served,
    stop: CancellationToken,
}

impl Feed {
    /// Starts to watch the feed's end in the database of `pool`. `kinds` are the kinds
    /// of records whose events are written there. Streams end at `stop`.
    pub fn start(
        pool: PgPool,
        kinds: impl IntoIterator<Item = &'static str>,
        stop: CancellationToken,
    ) -> Self {
        let (sender, end) = watch::channel(End::default());
        let served = Served::measured();
        tokio::spawn(end::watch(
            pool.clone(),
            sender,
            served.clone(),
            stop.clone(),
        ));
        Self {
            pool,
            others: Arc::new(Semaphore::new(OTHERS)),
            kinds: kinds.into_iter().collect(),
            places: Places::default(),
            end,
            served,
            stop,
        }
    }

    /// Returns the gRPC service to be added to a server.
    pub fn service(self) -> feed_service_server::FeedServiceServer<Self> {
        feed_service_server::FeedServiceServer::new(self)
            .send_compressed(tonic::codec::CompressionEncoding::Gzip)
    }

    async fn open(
        &self,
        request: &SubscribeRequest,
        scope: RecordScope,
        own: bool,
    ) -> Result<Reader, Refusal> {
        let kinds = &request.kinds;
        let selection = Selection::read(&scope, &request.area_code, kinds, &self.kinds)?;
        let start_time = request.start_time.as_ref();
        let beginning = Beginning::read(&request.after_token, request.from_now, start_time)?;
        let (source, end) = (self.source(own), self.end.clone());
        Reader::open(source, end, selection, &beginning, request.follow).await
    }

    fn source(&self, own: bool) -> Source {
        Source {
            pool: self.pool.clone(),
            // The platform's own services aren't limited: projections must not lag
            // because of external readers.
            turns: (!own).then(|| self.others.clone()),
        }
    }
}

type Messages = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

#[tonic::async_trait]
impl feed_service_server::FeedService for Feed {
    type SubscribeStream = Messages;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Messages>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let own = caller.roles.contains(&Role::Service);
        // Taken before the first statement, so that rejected streams cost no
        // connection.
        let place = self.places.take(&caller.key, own)?;
        let opened = self.open(request.get_ref(), scope, own).await;
        let reader = opened.inspect_err(|refusal| self.served.refused(refusal))?;
        // A small buffer: a slow reader must block the task that reads the
        // database, not fill the memory.
        let (sender, receiver) = mpsc::channel(2);
        // The reason for which the reader ended the stream; sent after the last
        // message.
        let ending = Arc::new(Mutex::new(None));
        let (left, stop) = (ending.clone(), self.stop.clone());
        let (served, reading) = (self.served.clone(), self.served.reader());
        tokio::spawn(async move {
            // Moved into the task: place and count are released when the reading
            // ends, not when the handler returns.
            let _held = (place, reading);
            let gone = sender.clone();
            let refusal = tokio::select! {
                ended = reader.read(sender) => ended.err(),
                // The client is gone, so there is no one to send a status to.
                () = gone.closed() => None,
                () = stop.cancelled() => Some(shutting_down()),
            };
            if let Some(refusal) = &refusal {
                served.refused(refusal);
            }
            *left.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
        });
        let last =
            stream::once(
                async move { ending.lock().unwrap_or_else(PoisonError::into_inner).take() },
            );
        let messages = ReceiverStream::new(receiver)
            .map(Ok)
            .chain(last.filter_map(async |refusal| refusal.map(|refusal| Err(refusal.into()))));
        Ok(Response::new(Box::pin(messages)))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let source = self.source(caller.roles.contains(&Role::Service));
        let list = List::read(source, &scope, &self.kinds, request.into_inner())?;
        let page = list.page().await;
        Ok(Response::new(page.inspect_err(|refusal| {
            self.served.refused(refusal);
        })?))
    }
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: resume with the last token",
        std::time::Duration::from_secs(1),
    )
}

/// Returns the refusal for a position that the feed doesn't have and never will
/// have.
fn unknown_token() -> Refusal {
    Refusal::new(
        Reason::FeedTokenUnknown,
        "the feed's history no longer contains this position: undo what was applied and start \
         again without a token",
    )
}
