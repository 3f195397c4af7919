//! Reading one's own write: waits until what the caller wrote elsewhere has
//! arrived here.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;
use wangge_api::{errors::v1::Reason, refusal::Refusal, types::v1::RecordVersion};

use crate::{App, queries::positions::have_been_applied};

/// How long a call waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until every record has at least the revision asked for.
pub(super) async fn wait_for(app: &App, wanted: &[RecordVersion]) -> Result<(), Refusal> {
    if wanted.is_empty() {
        return Ok(());
    }
    let revisions: Vec<i64> = wanted.iter().map(|version| version.revision).collect();
    let records = wanted
        .iter()
        .map(|version| Uuid::parse_str(&version.record_id))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Refusal::field("at_least.record_id", "string.uuid", "must be a UUID"))?;
    let deadline = Instant::now() + PATIENCE;
    while !have_been_applied(&app.database.calls, &records, &revisions).await? {
        if Instant::now() >= deadline {
            return Err(Refusal::unavailable(
                Reason::NotYetVisible,
                "a record asked for by at_least has not arrived yet",
                Duration::from_secs(1),
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
