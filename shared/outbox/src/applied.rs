//! Notifies every replica of applied events: only one replica applies a feed, but
//! all of them serve its results.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;
use wangge_pg::Tx;

/// Channel on which the applying replica notifies the others.
const CHANNEL: &str = "wangge_applied";
/// Delay before reconnecting.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Notifies all replicas, on commit, that events of a feed have been applied.
pub(crate) async fn tell(tx: &mut Tx, service: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(service)
        .execute(tx)
        .await?;
    Ok(())
}

/// Calls `seen` whenever any replica has applied events of any feed in this
/// database, and whenever a notification may have been lost, until `stop`.
pub async fn watch(pool: PgPool, stop: CancellationToken, seen: impl Fn() + Send) {
    while !stop.is_cancelled() {
        tokio::select! {
            lost = listen(&pool, &seen) => {
                if let Err(error) = lost {
                    tracing::debug!(%error, "lost the notifications about applied events");
                }
            }
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(RECONNECT_DELAY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn listen(pool: &PgPool, seen: &(impl Fn() + Send)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Before the first receive as well: events may have been applied before
        // `listen` took effect.
        seen();
        // `None` means that the connection was lost and restored: notifications may
        // have been lost.
        listener.try_recv().await?;
    }
}
