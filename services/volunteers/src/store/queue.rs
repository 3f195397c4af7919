//! Advisory locks that serialise transactions that count and then take limited places.
//! They are held until the transaction ends.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Acquires the locks of these records; waits until every other transaction that holds
/// one of them has ended. The locks are separate from the row locks, so other transactions
/// may still read and share the records.
pub(crate) async fn stand_in_line(tx: &mut Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    // In one order, so that two transactions can't deadlock.
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    // PostgreSQL evaluates a volatile function of the select list after the sort, so the locks
    // are acquired in the order of `place`. A hash collision only makes two records share a lock.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(id::text, 0)) \
         from unnest($1::uuid[]) with ordinality as line (id, place) order by place",
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(())
}

/// Acquires the locks of these areas; waits until every other transaction that holds one
/// of them has ended. For records that are too many for a lock each.
pub(crate) async fn stand_in_line_of_areas(
    tx: &mut Tx,
    mut codes: Vec<String>,
) -> Result<(), StoreError> {
    // In one order, so that two transactions can't deadlock.
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
