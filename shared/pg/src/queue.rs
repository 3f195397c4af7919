//! Queues for transactions that check before they write, such as counting the places
//! that are left before taking one: those that stand in one queue run one after the
//! other. A queue is an advisory lock, held until the transaction ends, so the rows
//! themselves can still be read and shared. It refuses to hold up anyone for a dry
//! run, whose transaction lasts as long as its data set, and never commits.

use std::collections::BTreeSet;

use crate::{StoreError, Tx};

/// Waits for all other transactions in the queues with these names, such as the ids of
/// the records whose places are counted, and keeps its place until the transaction
/// ends. Does nothing in a [`Trial`](crate::Trial).
///
/// # Errors
/// Returns the database's error.
pub async fn stand_in_line(
    tx: &mut Tx,
    names: impl IntoIterator<Item = impl ToString>,
) -> Result<(), StoreError> {
    // Always in the order of the names, so that two transactions can't deadlock.
    // PostgreSQL evaluates the volatile function after the sort, so `order by` is the
    // lock order. Two names with the same hash only wait for each other needlessly.
    let names: BTreeSet<String> = names.into_iter().map(|name| name.to_string()).collect();
    let names: Vec<String> = names.into_iter().collect();
    sqlx::query(
        "select pg_advisory_xact_lock(hashtextextended(name, 0)) \
         from unnest($1::text[]) with ordinality as line (name, place) \
         where current_setting('wangge.trial', true) is distinct from 'on' order by place",
    )
    .bind(names)
    .execute(tx)
    .await?;
    Ok(())
}

/// Marks a transaction as that of a dry run, until it ends.
///
/// # Errors
/// Returns the database's error.
pub(crate) async fn leave(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query("set local wangge.trial = 'on'")
        .execute(tx)
        .await?;
    Ok(())
}
