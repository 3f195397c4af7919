//! Logs the areas whose codes clash. They were created before such codes were
//! rejected, and the service can't repair them itself, because codes are permanent.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use wangge_auth::RecordScope;

use crate::store::area_tree;

/// Retry delay after a failed query.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// Maximum number of areas that are logged.
const NAMED: i64 = 100;

/// Runs the check once, retrying until the database is available.
pub(crate) async fn run(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Ok(codes) = area_tree::list_clashing(&pool, &RecordScope::everything(), NAMED).await
        {
            for code in codes {
                tracing::warn!(
                    area.code = code,
                    "an area's code begins with that of an area that it is not in: callers \
                     restricted to the shorter code see both"
                );
            }
            // Once is enough: no new clash can be created, since commands reject it.
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_DELAY) => {}
            () = stop.cancelled() => {}
        }
    }
}
