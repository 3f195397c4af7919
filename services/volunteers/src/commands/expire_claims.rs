//! Ends claims on wishes whose time is over. Which those are is asked of the
//! database, so nothing is missed while no service runs; a replica that finds
//! one ended by another leaves it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wangge_api::refusal::Refusal;
use wangge_resource_store::write;

use crate::{App, domain::wish::Wish, store};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);
/// How many it ends before it looks again.
const BATCH: i64 = 100;

/// Ends claims as their time comes, until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
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
        let ended =
            write::change_as_due(app, id, "expire", |wish: &mut Wish, now| wish.expire(now));
        // One that can't be ended must not keep the others from it.
        if let Err(refusal) = ended.await {
            tracing::warn!(wish = %id, error = %refusal.message, "a claim could not be ended");
        }
    }
    Ok(())
}
