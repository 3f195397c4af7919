//! The trace that a corrected end leaves: the day before, the day after, who
//! corrected it and why, in the table `correction` of the service.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx, request::RequestKey};
use wangge_resource::End;

/// Keeps the trace of a correction, if it is one, of the record with an id
/// whose end was `before`.
///
/// # Errors
/// What the database says.
pub async fn keep(
    end: &End,
    tx: &mut Tx,
    (kind, id): (&'static str, Uuid),
    before: Option<NaiveDate>,
    key: &RequestKey,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let End::Corrected { day, reason } = end else {
        return Ok(());
    };
    sqlx::query(
        "insert into correction (kind, record_id, end_date_before, end_date_after, reason, \
             actor, recorded_time) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(kind)
    .bind(id)
    .bind(before)
    .bind(day)
    .bind(reason)
    .bind(key.subject())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
