//! Advisory locks that serialise transactions which check before they write, e.g. count
//! the places that are left before they take one. The locks are held until the
//! transaction ends.

use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// Locks these records' queues, and waits for other transactions that hold one of them.
/// The locks are separate from the rows, which others can still read and share.
pub(crate) async fn stand_in_line(tx: &mut Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    // Always in the order of the ids, so that two transactions can't deadlock. PostgreSQL
    // evaluates the volatile function after the sort, so `order by` is the lock order.
    // Two ids with the same hash only wait for each other needlessly.
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

/// Locks these areas' queues, and waits for other transactions that hold one of them. For
/// records of which a batch has too many for a lock each.
pub(crate) async fn stand_in_line_of_areas(
    tx: &mut Tx,
    mut codes: Vec<String>,
) -> Result<(), StoreError> {
    // Every lock takes an entry in PostgreSQL's lock table, whose size is fixed and
    // shared by all sessions. The order avoids deadlocks, as above.
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
