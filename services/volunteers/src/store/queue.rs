//! Standing in line: of transactions that take from the same store of places
//! only one looks and takes at a time. Held until the transaction ends.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Waits until every other transaction that stands in line for one of these
/// records has ended. The line is kept beside the records themselves, which
/// others may read and share meanwhile.
pub(crate) async fn stand_in_line(tx: &mut Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    // In one order, so that nobody waits for somebody who waits for them.
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(id::text, 0)) \
         from unnest($1::uuid[]) with ordinality as line (id, place) order by place",
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}

/// Waits until every other transaction that stands in line for one of these areas has
/// ended: for records of which there are too many for a line of each.
pub(crate) async fn stand_in_line_of_areas(
    tx: &mut Tx,
    mut codes: Vec<String>,
) -> Result<(), StoreError> {
    codes.sort_unstable();
    codes.dedup();
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(code, 0)) \
         from unnest($1::text[]) with ordinality as line (code, place) order by place",
        &codes,
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}
