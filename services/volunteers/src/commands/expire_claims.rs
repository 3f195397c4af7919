//! Expires overdue claims on wishes. It polls the database for them rather than
//! scheduling timers, so claims that become overdue while no replica runs are expired
//! later. Replicas may run it concurrently: a claim that another replica has already
//! expired is skipped.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wangge_api::refusal::Refusal;
use wangge_record::Change;
use wangge_record_store::write;

use crate::{
    App,
    domain::wish::{Wish, WishAction},
    store,
};

/// Poll interval for overdue claims.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum number of claims per poll.
const BATCH: i64 = 100;

/// Expires overdue claims until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        // Logged and retried at the next poll: the task must survive an outage of the
        // database.
        if let Err(refusal) = expire(&app).await {
            tracing::warn!(error = %refusal.message, "claims on wishes could not be ended");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn expire(app: &App) -> Result<(), Refusal> {
    let pool = &app.database.background;
    for id in store::wish::overdue_claims(pool, app.clock.now(), BATCH).await? {
        // Decided again under the row lock: the wish may have changed since the query.
        let ended = write::change_as_due(
            app,
            id,
            Change::Act(WishAction::Expire),
            |wish: &mut Wish, now| wish.expire(now),
        );
        // One failing claim must not prevent the others from expiring.
        if let Err(refusal) = ended.await {
            tracing::warn!(wish = %id, error = %refusal.message, "a claim could not be ended");
        }
    }
    Ok(())
}
