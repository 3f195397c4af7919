//! Expires overdue claims on wishes. They are found by a query, not by timers, so none
//! is missed while no service runs. Every replica runs this: a claim that another one has
//! expired in the meantime is skipped.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wangge_api::refusal::Refusal;
use wangge_records::write;

use crate::{App, domain::wish::Wish, store};

/// Poll interval for overdue claims.
const LOOK: Duration = Duration::from_secs(1);
/// Maximum number of claims expired per poll.
const BATCH: i64 = 100;

/// Polls for overdue claims and expires them, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        // Only logged: the next poll finds the same claims again.
        if let Err(refusal) = expire(&app).await {
            tracing::warn!(error = %refusal.message, "claims on wishes could not be ended");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn expire(app: &App) -> Result<(), Refusal> {
    let pool = &app.database.background;
    for id in store::wish::overdue_claims(pool, app.clock.now(), BATCH).await? {
        // Re-checked under the row lock: another replica, or the claimant, may have changed
        // the wish since the query.
        let ended =
            write::change_as_due(app, id, "expire", |wish: &mut Wish, now| wish.expire(now));
        // A wish that can't be changed must not block those behind it.
        if let Err(refusal) = ended.await {
            tracing::warn!(wish = %id, error = %refusal.message, "a claim could not be ended");
        }
    }
    Ok(())
}
