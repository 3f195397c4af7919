//! Dry runs: what is written in a dry run is visible to its later steps, as if it
//! had been committed, and is rolled back at its end.

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::Mutex;
use tracing::Instrument as _;
use wangge_api::refusal::Refusal;

use crate::{
    error::{Constraint, StoreError},
    queue,
    transaction::{Failure, Tx},
};

/// A transaction over many steps that is never committed. It begins with the first
/// step and is rolled back when the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct Trial(Arc<Mutex<Option<Transaction<'static, Postgres>>>>);

impl Trial {
    /// Runs `work` after the earlier steps. Its writes remain visible to later
    /// steps if it succeeds, and are undone if it fails.
    ///
    /// Runs in its own task, as [`transact`](crate::transact) does.
    ///
    /// # Errors
    /// Returns the errors of [`transact`](crate::transact).
    pub async fn attempt<T, F>(
        &self,
        pool: &PgPool,
        constraints: &'static [Constraint],
        work: F,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static,
    {
        let (open, pool) = (self.0.clone(), pool.clone());
        let task = async move {
            // The lock serialises the steps: they share one connection.
            let mut open = open.lock_owned().await;
            let mut transaction = match open.take() {
                Some(transaction) => transaction,
                None => {
                    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
                    queue::leave(&mut transaction).await?;
                    transaction
                }
            };
            // Put back only if it can go on: after a panic or a broken connection,
            // the transaction is dropped and not reused.
            let done = attempt_in(&mut transaction, work).await?;
            *open = Some(transaction);
            done
        };
        match tokio::spawn(task.in_current_span()).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Failure::Refused(refusal))) => Err(*refusal),
            Ok(Err(Failure::Store(error))) => Err(error.refuse(constraints)),
            Err(panicked) => Err(Refusal::internal(&panicked)),
        }
    }
}

/// Returns the result of `work`; an outer error if the transaction can't continue.
async fn attempt_in<T, F>(tx: &mut Tx, work: F) -> Result<Result<T, Failure>, Failure>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>>,
{
    // In PostgreSQL a failed statement aborts the whole transaction; the savepoint
    // confines that to this step.
    sqlx::query("savepoint attempt").execute(&mut *tx).await?;
    let done = work(tx).await;
    let end = match &done {
        Ok(_) => "release savepoint attempt",
        Err(_) => "rollback to savepoint attempt",
    };
    sqlx::query(end).execute(&mut *tx).await?;
    Ok(done)
}
