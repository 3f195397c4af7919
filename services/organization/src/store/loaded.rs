//! What records of their own kind were loaded from: digests of rows, by which a
//! row is known again after its record was changed.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Whether a record was loaded from a row with this digest.
///
/// # Errors
/// What the database says.
pub async fn is_from(
    tx: &mut Tx,
    kind: &'static str,
    id: Uuid,
    digest: &str,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select from loaded_row where record_id = $1 and kind = $2 and digest = $3
           ) as "is!""#,
        id,
        kind,
        digest,
    )
    .fetch_one(tx)
    .await?)
}

/// Remembers the row that a record is loaded from.
///
/// # Errors
/// What the database says.
pub async fn remember(
    tx: &mut Tx,
    kind: &'static str,
    id: Uuid,
    digest: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into loaded_row (kind, record_id, digest) values ($1, $2, $3) on conflict do nothing",
        kind,
        id,
        digest,
    )
    .execute(tx)
    .await?;
    Ok(())
}
