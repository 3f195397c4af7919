//! Applies the feed of another service, one replica at a time. The position is
//! stored in the transaction of the effects, so each event takes effect exactly
//! once. An event that can't be applied is moved to the dead-letter table, raises
//! an alarm, and the rest continues. A feed whose history has changed is not
//! applied any further.

mod apply;
mod fault;
mod place;

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{FutureExt as _, future::BoxFuture};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status, Streaming};
use tonic_types::StatusExt as _;
use wangge_api::{
    events::v1::{
        Event, SubscribeRequest, SubscribeResponse, feed_service_client::FeedServiceClient,
    },
    refusal::{DOMAIN, Reason, Refusal},
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_pg::{Leadership, StoreError, Tx, leadership::in_time, transaction::Failure};

use self::place::Place;
use crate::{
    measures::{Followed, Leading},
    position,
};

/// Delay before resubscribing to a lost feed.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
/// Maximum retry delay while events can't be applied.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(15);
/// Poll interval of the leader's connection, and of a broken feed.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Timeout for the next message. The owner sends checkpoints more often, so the
/// feed is lost after it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum size of a message, as everywhere on the platform.
const MESSAGE: usize = 4 * 1024 * 1024;

/// Applies the events of a feed in this service's database.
pub trait Projector: Send + Sync + 'static {
    /// Applies one event. Events of unknown kinds must be ignored.
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>>;

    /// Called after the effects of some events have been committed.
    fn committed<'t>(&'t self, _events: &'t [Event]) -> BoxFuture<'t, ()> {
        futures::future::ready(()).boxed()
    }
}

/// The consumer of one feed.
pub struct Consumer<P> {
    /// Name of the service that owns the feed.
    pub service: &'static str,
    /// Channel to that service, without a timeout for the call as a whole.
    pub channel: ServiceChannel,
    /// Database in which the events take effect.
    pub pool: PgPool,
    /// Applies the events in that database.
    pub projector: Arc<P>,
    /// Source of the time at which events are applied.
    pub clock: Clock,
}

impl<P> std::fmt::Debug for Consumer<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({})", self.service)
    }
}

impl<P: Projector> Consumer<P> {
    /// Applies events, or stands by while another replica does, until `stop`.
    /// Recovers from losses of the feed and of the database.
    pub async fn run(self, stop: CancellationToken) {
        let followed = Followed::measured(self.service);
        while !stop.is_cancelled() {
            let lost = tokio::select! {
                lost = self.lead(&followed) => lost,
                () = stop.cancelled() => return,
            };
            if let Err(error) = lost {
                tracing::debug!(feed = self.service, %error, "the leader's connection was lost");
            }
            tokio::select! {
                () = tokio::time::sleep(RECONNECT_DELAY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Applies events for as long as this replica leads.
    async fn lead(&self, followed: &Followed) -> Result<(), StoreError> {
        let work = format!("feed of {}", self.service);
        let mut lead = Leadership::stand_by(&self.pool, &work).await?;
        let leading = followed.lead();
        // Losing the lead aborts the application in progress. If its transaction
        // commits anyway, the next leader finds the position moved.
        tokio::select! {
            never = self.follow_on(&leading) => match never {},
            lost = self.look_after(&mut lead, &leading) => lost,
        }
    }

    /// Detects the loss of leadership, and counts dead letters in the same
    /// statement.
    async fn look_after(
        &self,
        lead: &mut Leadership,
        leading: &Leading<'_>,
    ) -> Result<(), StoreError> {
        loop {
            let count = "select count(*) from set_aside_event where service = $1";
            let count = sqlx::query_scalar(count)
                .bind(self.service)
                .fetch_one(lead.connection());
            leading.set_aside(in_time(count).await?);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Follows the feed and resubscribes whenever it is lost.
    async fn follow_on(&self, leading: &Leading<'_>) -> Infallible {
        let mut was_lost = false;
        let mut pause = RECONNECT_DELAY;
        loop {
            let mut heard = false;
            let lost = self.follow(leading, &mut heard).await;
            if heard {
                (was_lost, pause) = (false, RECONNECT_DELAY);
            }
            // Logged on the first loss only, until a message is received again.
            match &lost {
                Err(Lost::Feed(status)) if !was_lost => {
                    tracing::warn!(feed = self.service, code = ?status.code(), error = status.message(), "feed lost: retrying");
                }
                Err(Lost::Another(status)) if !was_lost => {
                    tracing::error!(
                        feed = self.service,
                        error = status.message(),
                        "another feed is served at this address: retrying"
                    );
                }
                Err(Lost::Here(refusal)) if !was_lost => {
                    tracing::warn!(feed = self.service, reason = refusal.reason.name(), error = %refusal, "events can't be applied now: retrying");
                }
                _ => {}
            }
            was_lost = lost.is_err();
            match lost {
                // Only local failures back off, since each retry costs this
                // database a transaction.
                Ok(()) | Err(Lost::Feed(_)) => tokio::time::sleep(RECONNECT_DELAY).await,
                Err(Lost::Here(_)) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(MAX_RETRY_DELAY);
                }
                Err(Lost::Broken | Lost::Another(_)) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }

    /// Follows the feed until it is lost; sets `heard` once a message has been
    /// applied.
    async fn follow(&self, leading: &Leading<'_>, heard: &mut bool) -> Result<(), Lost> {
        let Place { mut token, broken } = place::read(&self.pool, self.service)
            .await
            .map_err(Refusal::from)?;
        // Reported before the subscription, so that the position is measured even
        // while the owner is unreachable.
        leading.reached(&token, None);
        if broken {
            leading.broken(true);
            return Err(Lost::Broken);
        }
        let mut messages = match self.subscribe(&token).await {
            Ok(messages) => messages,
            Err(status) => return Err(self.lost(leading, &token, status).await?),
        };
        loop {
            let message = match within(messages.message()).await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(()),
                Err(status) => return Err(self.lost(leading, &token, status).await?),
            };
            let until = told_until(&message);
            token = self.take(token, message).await?;
            leading.reached(&token, until);
            leading.broken(false);
            *heard = true;
        }
    }

    async fn subscribe(&self, token: &str) -> Result<Streaming<SubscribeResponse>, Status> {
        let mut client = FeedServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE)
            .accept_compressed(tonic::codec::CompressionEncoding::Gzip);
        let request = |token: &str| SubscribeRequest {
            after_token: token.to_owned(),
            follow: true,
            ..SubscribeRequest::default()
        };
        let subscribed = within(client.subscribe(request(token))).await;
        match (&subscribed, token.get(..position::SHORT)) {
            // An owner of an older release rejects the longer token: retry with its
            // prefix.
            (Err(status), Some(short))
                if short.len() < token.len() && is(status, Reason::FeedTokenInvalid) =>
            {
                let subscribed = within(client.subscribe(request(short))).await;
                subscribed.map(Response::into_inner)
            }
            _ => subscribed.map(Response::into_inner),
        }
    }

    /// Classifies the loss of a feed. If its history no longer has our position,
    /// the feed is stored as broken until the operator acts: continuing would
    /// silently skip events. A different feed at the address can't be mistaken for
    /// ours, regardless of its length, so it is only polled.
    async fn lost(
        &self,
        leading: &Leading<'_>,
        token: &str,
        status: Status,
    ) -> Result<Lost, Refusal> {
        if is(&status, Reason::FeedTokenInvalid) {
            leading.broken(true);
            return Ok(Lost::Another(status));
        }
        if !is(&status, Reason::FeedTokenUnknown) {
            return Ok(Lost::Feed(status));
        }
        leading.broken(true);
        tracing::error!(
            feed = self.service,
            error = status.message(),
            "the feed's history no longer contains the applied position: nothing more is applied \
             until the operator has fixed it"
        );
        place::keep_broken(&self.pool, self.service, token, status.message()).await?;
        Ok(Lost::Broken)
    }
}

/// The reason why a feed was lost.
#[derive(Debug)]
enum Lost {
    /// The owner or the network failed.
    Feed(Status),
    /// The feed is available, but its events can't be applied now.
    Here(Refusal),
    /// The owner's history no longer has our position.
    Broken,
    /// A different feed is served at the address.
    Another(Status),
}

impl From<Refusal> for Lost {
    fn from(refusal: Refusal) -> Self {
        Self::Here(refusal)
    }
}

/// Runs a receive operation with the feed's timeout.
async fn within<T>(said: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(IDLE_TIMEOUT, said).await {
        Ok(said) => said,
        Err(_) => Err(Status::unavailable("the feed sent no message in time")),
    }
}

fn is(status: &Status, reason: Reason) -> bool {
    status
        .get_details_error_info()
        .is_some_and(|info| info.domain == DOMAIN && info.reason == reason.name())
}

/// Returns the time up to which a message covers all events: that of its last
/// event, or, without events, the time it was sent.
fn told_until(message: &SubscribeResponse) -> Option<SystemTime> {
    let last = message.events.last();
    let time = match last {
        Some(event) => event.recorded_time,
        None => message.sent_time,
    };
    time.and_then(|time| SystemTime::try_from(time).ok())
}
