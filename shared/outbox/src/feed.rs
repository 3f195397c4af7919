//! The feed as a stream: what lies behind a token, then what comes. Ordered,
//! without gaps or duplicates; a reader that stalls is dropped with its token,
//! and one whose token is of a history that the feed no longer has is refused.

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
    refusal::{Reason, Refusal},
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::area_code;

use self::{end::End, places::Places, reader::Reader};
use crate::measures::Served;

/// Connections of the pool that readers other than the platform's own services
/// use at the same time. The pool has 5; one listens.
const OTHERS: usize = 2;

/// Serves the feed of one database.
#[derive(Debug, Clone)]
pub struct Feed {
    pool: PgPool,
    /// Held by readers other than the platform's own while they use a connection.
    others: Arc<Semaphore>,
    places: Places,
    end: watch::Receiver<End>,
    served: Served,
    stop: CancellationToken,
}

impl Feed {
    /// The feed of the database of `pool`. Streams end at `stop`.
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

    /// As a service to be routed to.
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
                "string.pattern",
                "must be digits",
            ));
        }
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
        let place = self.places.take(&caller.key, own)?;
        let opened = self.open(request.get_ref(), scope, own).await;
        let reader = opened.inspect_err(|refusal| self.served.refused(refusal))?;
        let (sender, receiver) = mpsc::channel(2);
        // Where the reader leaves the reason for which it ended the stream.
        let ending = Arc::new(Mutex::new(None));
        let (left, stop) = (ending.clone(), self.stop.clone());
        let (served, reading) = (self.served.clone(), self.served.reader());
        tokio::spawn(async move {
            let _held = (place, reading);
            let gone = sender.clone();
            let refusal = tokio::select! {
                ended = reader.read(sender) => ended.err(),
                // Nobody is there any more to be told.
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

/// The feed has no such position, and never will have.
fn unknown_token() -> Refusal {
    Refusal::new(
        Reason::FeedTokenUnknown,
        "the feed's history no longer has this position: undo what was applied and start again \
         without a token",
    )
}
