//! The audit record of a corrected end: the end before and after the correction, who
//! made it and why, in the table `correction` of the service. It doesn't change the
//! record itself.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx, request::RequestKey};
use wangge_record::End;

/// Writes the audit record if `end` is a correction. `before` is the end that is
/// replaced; `kind` and `id` identify the record, `key` the actor.
///
/// # Errors
/// Returns the database's error.
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
