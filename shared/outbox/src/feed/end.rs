//! The end of the feed, watched once per replica for all readers. Detects that the
//! feed went back; readers are then woken to check their position.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{measures::Served, sequencer::CHANNEL};

/// Poll interval of the feed's end, besides notifications.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The last known end of the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Position of the last event.
    pub(super) number: i64,
    /// Number of times that the feed was seen to go back.
    pub(super) went_back: u64,
}

#[derive(sqlx::FromRow)]
struct Look {
    feed_id: Uuid,
    last_position: i64,
    /// Age in seconds of the oldest event without a position.
    waiting: f64,
    last_event_id: Option<Uuid>,
    /// Id of the event at the last known end; `None` if there is none any more.
    known_event_id: Option<Uuid>,
}

/// Watches the feed's end until `stop`: on notification by the sequencer, and by
/// polling every second, since a notification can be lost.
pub(super) async fn watch(
    pool: PgPool,
    sender: watch::Sender<End>,
    served: Served,
    stop: CancellationToken,
) {
    let mut listener = None;
    let mut known: Option<Look> = None;
    while !stop.is_cancelled() {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        let number = known.as_ref().map_or(0, |known| known.last_position);
        if let Ok(look) = look(&pool, number).await {
            // The number alone isn't enough: after a restore, new events may
            // already have reached the old number. The event at the known position
            // distinguishes the histories.
            let went_back = known.as_ref().is_some_and(|known| {
                look.feed_id != known.feed_id
                    || look.last_position < known.last_position
                    || (known.last_position > 0 && look.known_event_id != known.last_event_id)
            });
            if went_back {
                tracing::error!(
                    known = number,
                    now = look.last_position,
                    "the feed went back: its database was replaced by an older one"
                );
                served.went_back();
            }
            served.ends(look.last_position, look.waiting);
            // Wakes the readers only if something has changed.
            sender.send_if_modified(|end| {
                let next = End {
                    number: look.last_position,
                    went_back: end.went_back + u64::from(went_back),
                };
                std::mem::replace(end, next) != next
            });
            known = Some(look);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = told(&mut listener) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn look(pool: &PgPool, known: i64) -> Result<Look, sqlx::Error> {
    sqlx::query_as(
        "select feed_id, last_position, coalesce(( \
             select extract(epoch from clock_timestamp() - recorded_time)::float8 \
             from outbox where position is null order by sequence limit 1), 0) as waiting, \
         (select event_id from outbox where position = last_position) as last_event_id, \
         (select event_id from outbox where position = $1) as known_event_id from feed",
    )
    .bind(known)
    .fetch_one(pool)
    .await
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}

async fn told(listener: &mut Option<PgListener>) {
    match listener {
        Some(open) => {
            // `None` means that the connection was lost and restored: the caller
            // polls anyway.
            if open.try_recv().await.is_err() {
                *listener = None;
            }
        }
        // Without a listener, only the poll interval ends the wait.
        None => std::future::pending().await,
    }
}
