//! Digests of the rows that areas, units and appointments were imported from. They identify
//! a row that is imported again after its record was changed.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Returns true if a record was imported from a row with this digest.
///
/// # Errors
/// Any database error.
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

/// Stores the digest of the row that a record is imported from.
///
/// # Errors
/// Any database error.
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
