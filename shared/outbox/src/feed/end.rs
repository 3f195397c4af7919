//! Where the feed ends, kept known to all readers of a replica, and whether it
//! went back: then readers are woken, to see whether their place is still there.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{measures::Served, sequencer::CHANNEL};

/// How often the feed's end is looked at when nobody tells of it.
const LOOK: Duration = Duration::from_secs(1);

/// The end of the feed, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Number of the last event.
    pub(super) number: i64,
    /// How often the feed was seen to go back.
    pub(super) went_back: u64,
}

#[derive(sqlx::FromRow)]
struct Look {
    feed_id: Uuid,
    last_position: i64,
    /// Age of the oldest event without a position, in seconds.
    waiting: f64,
    last_event_id: Option<Uuid>,
    /// The event at the place where the feed ended when it was last looked at.
    known_event_id: Option<Uuid>,
}

/// Keeps the feed's end known until `stop`: told by the sequencer, and by looking
/// every second, since a notification can be lost.
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
            let went_back = known.as_ref().is_some_and(|known| {
                look.feed_id != known.feed_id
                    || look.last_position < known.last_position
                    || (known.last_position > 0 && look.known_event_id != known.last_event_id)
            });
            if went_back {
                tracing::error!(
                    known = number,
                    now = look.last_position,
                    "the feed went back: its database is an older one"
                );
                served.went_back();
            }
            served.ends(look.last_position, look.waiting);
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
            () = tokio::time::sleep(LOOK) => {}
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
            // None is a connection lost and made anew.
            if open.try_recv().await.is_err() {
                *listener = None;
            }
        }
        None => std::future::pending().await,
    }
}
