//! Revisions of records that have been applied.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Advances a record of a kind to a revision. Returns false if that revision or a later one has
/// been applied already; the caller must then ignore the event.
///
/// # Errors
/// Any database error.
pub async fn advance(
    tx: &mut Tx,
    kind: &str,
    record_id: Uuid,
    revision: i64,
) -> Result<bool, StoreError> {
    // One statement both checks and locks: of two transactions with the same record, the second
    // waits for the first and then sees its revision.
    Ok(sqlx::query!(
        "insert into applied_record (record_id, kind, revision) values ($1, $2, $3) \
         on conflict on constraint applied_record_pkey do update set revision = excluded.revision \
         where applied_record.revision < excluded.revision",
        record_id,
        kind,
        revision
    )
    .execute(tx)
    .await?
    .rows_affected()
        == 1)
}
