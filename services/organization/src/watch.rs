//! Says which areas can't be told apart by their codes: entered before such
//! codes were refused, and never to be mended by the service itself, since
//! codes are kept for good.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use wangge_auth::RecordScope;

use crate::store::area;

/// Pause before it is tried again to look.
const PAUSE: Duration = Duration::from_secs(5);
/// How many are named.
const NAMED: i64 = 100;

/// Looks once, when the database can be asked.
pub(crate) async fn run(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Ok(codes) = area::list_clashing(&pool, &RecordScope::everything(), NAMED).await {
            for code in codes {
                tracing::warn!(
                    area.code = code,
                    "an area's code begins with that of an area in which it does not lie: callers \
                     of the one with the shorter code see both"
                );
            }
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => {}
        }
    }
}
