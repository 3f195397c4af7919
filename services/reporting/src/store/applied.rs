//! Which revision of each record has been applied.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Moves a record of a kind on to a revision; answers false if it had been applied, and
/// then nothing is to be done.
///
/// # Errors
/// What the database says.
pub async fn advance(
    tx: &mut Tx,
    kind: &str,
    record_id: Uuid,
    revision: i64,
) -> Result<bool, StoreError> {
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
