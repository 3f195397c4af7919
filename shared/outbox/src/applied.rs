//! What was applied, told to every replica: one applies a feed, and all have
//! what shows it.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;
use wangge_pg::Tx;

/// Channel on which the replica that applies tells the others.
const CHANNEL: &str = "wangge_applied";
/// Pause before a lost connection is made again.
const AGAIN: Duration = Duration::from_secs(1);

/// Tells all replicas that events of a feed were applied, once that is committed.
pub(crate) async fn tell(tx: &mut Tx, service: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(service)
        .execute(tx)
        .await?;
    Ok(())
}

/// Calls `seen` whenever events of any feed were applied in this database, by
/// whichever replica, until `stop`; and when that may have been missed.
pub async fn watch(pool: PgPool, stop: CancellationToken, seen: impl Fn() + Send) {
    while !stop.is_cancelled() {
        tokio::select! {
            lost = listen(&pool, &seen) => {
                if let Err(error) = lost {
                    tracing::debug!(%error, "not told of what is applied");
                }
            }
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn listen(pool: &PgPool, seen: &(impl Fn() + Send)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        seen();
        // None is a connection lost and made anew: something may have been missed.
        listener.try_recv().await?;
    }
}
