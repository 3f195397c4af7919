//! Applies the feed of another service, one replica at a time. The position is
//! stored in the transaction of the effects, so each event takes effect exactly
//! once. An event that can't be applied is set aside with an alarm and the rest
//! goes on.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{FutureExt as _, future::BoxFuture};
use prost::Message as _;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tracing::Instrument as _;
use wangge_api::{
    events::v1::{
        Event, SubscribeRequest, SubscribeResponse, feed_service_client::FeedServiceClient,
    },
    refusal::Refusal,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_pg::{Leadership, StoreError, Tx, leadership::in_time, transact, transaction::Failure};

use crate::{
    applied,
    measures::{Followed, Leading},
};

/// How often an event is tried before it is set aside.
const TRIES: u32 = 5;
/// Pause before a lost feed is subscribed to again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the lead is looked after.
const LOOK: Duration = Duration::from_secs(5);
/// Silence after which a feed is taken for lost: no checkpoint came.
const SILENCE: Duration = Duration::from_secs(30);
/// Messages at most 4 MiB, as everywhere.
const MESSAGE: usize = 4 * 1024 * 1024;

/// What events do here.
pub trait Projector: Send + Sync + 'static {
    /// Applies one event. Events of other kinds than it knows do nothing.
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>>;

    /// Told after the effects of some events have been committed.
    fn committed<'t>(&'t self, _events: &'t [Event]) -> BoxFuture<'t, ()> {
        futures::future::ready(()).boxed()
    }
}

/// Applies one feed.
pub struct Consumer<P> {
    /// Service whose feed it is.
    pub service: &'static str,
    /// Channel to that service, for streams.
    pub channel: ServiceChannel,
    /// Database in which the events take effect.
    pub pool: PgPool,
    /// What they do there.
    pub projector: Arc<P>,
    /// Says when they were applied.
    pub clock: Clock,
}

impl<P> std::fmt::Debug for Consumer<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consumer({})", self.service)
    }
}

impl<P: Projector> Consumer<P> {
    /// Applies events, or stands by while another replica does, until `stop`,
    /// through losses of the feed and of the database.
    pub async fn run(self, stop: CancellationToken) {
        let followed = Followed::measured(self.service);
        while !stop.is_cancelled() {
            let lost = tokio::select! {
                lost = self.lead(&followed) => lost,
                () = stop.cancelled() => return,
            };
            if let Err(error) = lost {
                tracing::debug!(feed = self.service, %error, "the lead's connection was lost");
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Applies events for as long as the lead is ours.
    async fn lead(&self, followed: &Followed) -> Result<(), StoreError> {
        let work = format!("feed of {}", self.service);
        let mut lead = Leadership::stand_by(&self.pool, &work).await?;
        let leading = followed.lead();
        tokio::select! {
            never = self.follow_on(&leading) => match never {},
            lost = self.look_after(&mut lead, &leading) => lost,
        }
    }

    /// Notices when the lead is lost; counts meanwhile what was set aside.
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
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Follows the feed, and again whenever it is lost.
    async fn follow_on(&self, leading: &Leading<'_>) -> Infallible {
        let mut was_lost = false;
        loop {
            let mut heard = false;
            let lost = self.follow(leading, &mut heard).await;
            was_lost &= !heard;
            if let Err(status) = &lost
                && !was_lost
            {
                tracing::warn!(feed = self.service, code = ?status.code(), error = status.message(), "feed lost: trying again");
            }
            was_lost = lost.is_err();
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Follows until the feed is lost; notes whether anything was heard of it.
    async fn follow(&self, leading: &Leading<'_>, heard: &mut bool) -> Result<(), Status> {
        let mut token = self.position().await.map_err(Refusal::from)?;
        leading.reached(&token, None);
        let mut client = FeedServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE)
            .accept_compressed(tonic::codec::CompressionEncoding::Gzip);
        let request = SubscribeRequest {
            after_token: token.clone(),
            area_code: String::new(),
            follow: true,
        };
        let silent = |_| Status::new(Code::Unavailable, "the feed fell silent");
        let subscribed = tokio::time::timeout(SILENCE, client.subscribe(request)).await;
        let mut messages = subscribed.map_err(silent)??.into_inner();
        loop {
            let message = tokio::time::timeout(SILENCE, messages.message())
                .await
                .map_err(silent)??;
            let Some(message) = message else {
                return Ok(());
            };
            let until = told_until(&message);
            token = self.take(token, message).await?;
            leading.reached(&token, until);
            *heard = true;
        }
    }

    async fn position(&self) -> Result<String, StoreError> {
        Ok(
            sqlx::query_scalar("select token from feed_position where service = $1")
                .bind(self.service)
                .fetch_optional(&self.pool)
                .await?
                .unwrap_or_default(),
        )
    }

    /// Applies one message and answers the position behind it.
    async fn take(&self, before: String, message: SubscribeResponse) -> Result<String, Refusal> {
        let after = message.checkpoint_token;
        if after == before {
            return Ok(after);
        }
        let events = Arc::new(message.events);
        match self.apply(&before, &after, events.clone(), None).await {
            Ok(()) => {}
            Err(refusal) if is_passing(&refusal) => return Err(refusal),
            Err(_) => self.apply_singly(before, &events, &after).await?,
        }
        self.projector.committed(&events).await;
        Ok(after)
    }

    /// Applies events one by one, since one of them can't be, and sets that
    /// one aside.
    async fn apply_singly(
        &self,
        mut before: String,
        events: &[Event],
        end: &str,
    ) -> Result<(), Refusal> {
        for event in events {
            let one = Arc::new(vec![event.clone()]);
            let mut tries = 1;
            while let Err(refusal) = self.apply(&before, &event.token, one.clone(), None).await {
                if is_passing(&refusal) {
                    return Err(refusal);
                }
                if tries == TRIES {
                    tracing::error!(feed = self.service, event.id = event.event_id, error = %refusal, "event set aside");
                    let reason = refusal.message.clone();
                    self.apply(&before, &event.token, one.clone(), Some(reason))
                        .await?;
                    break;
                }
                tries += 1;
            }
            before = event.token.clone();
        }
        self.apply(&before, end, Arc::default(), None).await
    }

    /// Applies events, or sets them aside for a reason, and moves the position
    /// on, all in one transaction.
    async fn apply(
        &self,
        before: &str,
        after: &str,
        events: Arc<Vec<Event>>,
        set_aside: Option<String>,
    ) -> Result<(), Refusal> {
        let (service, now) = (self.service, self.clock.now());
        let (before, after) = (before.to_owned(), after.to_owned());
        let projector = self.projector.clone();
        transact(&self.pool, &[], move |tx| {
            async move {
                claim_position(tx, service, &before).await?;
                for event in events.iter() {
                    match &set_aside {
                        None => apply_one(&*projector, tx, service, event).await?,
                        Some(reason) => keep_aside(tx, service, event, reason, now).await?,
                    }
                }
                sqlx::query(
                    "update feed_position set token = $2, applied_time = $3, \
                     told_until = coalesce($4, told_until) where service = $1",
                )
                .bind(service)
                .bind(after)
                .bind(now)
                .bind(recorded_time(&events))
                .execute(&mut *tx)
                .await?;
                if !events.is_empty() {
                    applied::tell(tx, service).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
    }
}

/// Applies one event as part of the trace of the call that made it.
async fn apply_one<P: Projector>(
    projector: &P,
    tx: &mut Tx,
    service: &'static str,
    event: &Event,
) -> Result<(), Failure> {
    if event.traceparent.is_empty() {
        return projector.apply(tx, event).await;
    }
    let span = tracing::info_span!(
        parent: None,
        "apply",
        otel.kind = "consumer",
        messaging.system = "wangge",
        messaging.source.name = service,
        event.id = event.event_id,
    );
    wangge_telemetry::context::continue_from_stored(&span, &event.traceparent);
    projector.apply(tx, event).instrument(span).await
}

/// Locks the position and checks that it is still where these events begin:
/// another replica may have applied them.
async fn claim_position(tx: &mut Tx, service: &str, before: &str) -> Result<(), Failure> {
    sqlx::query(
        "insert into feed_position (service, token) values ($1, '') \
         on conflict on constraint feed_position_pkey do nothing",
    )
    .bind(service)
    .execute(&mut *tx)
    .await?;
    let stored: String =
        sqlx::query_scalar("select token from feed_position where service = $1 for update")
            .bind(service)
            .fetch_one(tx)
            .await?;
    if stored == before {
        Ok(())
    } else {
        Err(Refusal::concurrent_change("feed position").into())
    }
}

async fn keep_aside(
    tx: &mut Tx,
    service: &str,
    event: &Event,
    reason: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), Failure> {
    let event_id = uuid::Uuid::parse_str(&event.event_id).unwrap_or_default();
    sqlx::query(
        "insert into set_aside_event (service, event_id, token, record_id, revision, event, error, \
         set_aside_time) values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict on constraint set_aside_event_pkey do nothing",
    )
    .bind(service)
    .bind(event_id)
    .bind(&event.token)
    .bind(&event.record_id)
    .bind(event.revision)
    .bind(event.encode_to_vec())
    .bind(reason)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Up to when a message tells all that happened: its last event, or, with none,
/// when it was sent.
fn told_until(message: &SubscribeResponse) -> Option<SystemTime> {
    let last = message.events.last();
    let time = match last {
        Some(event) => event.recorded_time,
        None => message.sent_time,
    };
    time.and_then(|time| SystemTime::try_from(time).ok())
}

/// When the last of some events was recorded.
fn recorded_time(events: &[Event]) -> Option<chrono::DateTime<chrono::Utc>> {
    let time = events.last()?.recorded_time?;
    chrono::DateTime::from_timestamp(time.seconds, time.nanos.try_into().ok()?)
}

/// Whether the fault lies in the moment and not in the event.
fn is_passing(refusal: &Refusal) -> bool {
    matches!(refusal.code, Code::Unavailable | Code::Aborted)
}
