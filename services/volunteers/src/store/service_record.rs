//! Guard of service records, which depends on their event.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use crate::domain::service_record::{ServiceRecord, ServiceRecordAction};

/// Rejects service records with a time before their event begins.
pub(crate) async fn guard(
    tx: &mut Tx,
    records: &[ServiceRecord],
    change: Change<ServiceRecordAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let events: Vec<Uuid> = records.iter().filter_map(|r| r.service_event_id).collect();
    if change != Change::Create || events.is_empty() {
        return Ok(Vec::new());
    }
    // The time of service is checked, not the time of the call, so imported records are
    // judged in the same way.
    let begun = sqlx::query!(
        "select id, start_time from service_event where id = any($1)",
        &events
    )
    .fetch_all(tx)
    .await?;
    let is_early = |record: &&ServiceRecord| {
        let mut begun = begun.iter();
        begun.any(|row| {
            Some(row.id) == record.service_event_id && record.served_time < row.start_time
        })
    };
    let refused = records.iter().filter(is_early).map(|record| {
        let why = "the event had not begun";
        let refusal = Refusal::guard(Guard::NotBegun, ServiceRecord::KIND, why);
        (record.metadata.id, refusal)
    });
    Ok(refused.collect())
}
