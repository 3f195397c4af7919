//! Reading from one snapshot: what is computed by several statements agrees with
//! itself, whatever is applied in between.

use wangge_pg::{StoreError, Tx};

/// Lets all statements of a transaction read the same snapshot. It must come first
/// in the transaction.
///
/// # Errors
/// What the database says.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), StoreError> {
    // Each statement is planned for its own arguments: areas differ in size by far.
    // They are many and short, so compiling them costs more than it saves.
    let begin = "set transaction isolation level repeatable read, read only; \
                 set local plan_cache_mode = force_custom_plan; set local jit = off";
    sqlx::raw_sql(begin).execute(tx).await?;
    Ok(())
}
