//! Transactions that read one snapshot: results of several statements are consistent, no
//! matter what is applied in between.

use wangge_pg::{StoreError, Tx};

/// Makes all statements of a transaction read the same snapshot. It must be the first statement
/// of the transaction.
///
/// # Errors
/// Any database error.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), StoreError> {
    // A generic plan would suit either a small or a large area, so each statement is planned for
    // its own arguments. JIT compilation would cost more than these many short statements take.
    let begin = "set transaction isolation level repeatable read, read only; \
                 set local plan_cache_mode = force_custom_plan; set local jit = off";
    sqlx::raw_sql(begin).execute(tx).await?;
    Ok(())
}
