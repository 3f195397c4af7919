//! Serves the feed as a stream: first the stored events after a token, then new
//! ones. Ordered, without gaps or duplicates. A reader that stalls is disconnected,
//! and one whose token belongs to a history that the feed no longer has is
//! rejected.

mod end;
mod places;
mod reader;
mod step;

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
    events::v1::{SubscribeRequest, SubscribeResponse, server::feed_service_server},
    policy::Role,
    refusal::{Reason, Refusal, Rule},
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::area_code;

use self::{end::End, places::Places, reader::Reader};
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
    places: Places,
    end: watch::Receiver<End>,
    served: Served,
    stop: CancellationToken,
}

impl Feed {
    /// Starts to watch the feed's end in the database of `pool`. Streams end at
    /// `stop`.
    pub fn start(pool: PgPool, stop: CancellationToken) -> Self {
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
        if !area_code::is_code(&request.area_code) {
            return Err(Refusal::field(
                "area_code",
                Rule::StringPattern,
                "must be digits",
            ));
        }
        // The platform's own services aren't limited: projections must not lag
        // because of external readers.
        let turns = (!own).then(|| self.others.clone());
        let scope = scope.within(&request.area_code);
        Reader::open(self.pool.clone(), turns, self.end.clone(), scope, request).await
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
