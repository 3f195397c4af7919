//! A trial: what is written in it is there for what comes later in it, as if it
//! had been committed, and is gone with it.

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::Mutex;
use tracing::Instrument as _;
use wangge_api::refusal::Refusal;

use crate::{
    error::{Constraint, StoreError},
    transaction::{Failure, Tx},
};

/// A transaction over many statements that is never committed: it begins with
/// the first attempt, and is rolled back when the last copy is dropped.
#[derive(Debug, Clone, Default)]
pub struct Trial(Arc<Mutex<Option<Transaction<'static, Postgres>>>>);

impl Trial {
    /// Runs `work`, behind what was attempted before. What it has written stays if
    /// it succeeds, and nothing of it if not.
    ///
    /// As in [`transact`](crate::transact), it runs in a task of its own.
    ///
    /// # Errors
    /// As those of [`transact`](crate::transact).
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
            let mut open = open.lock_owned().await;
            let mut transaction = match open.take() {
                Some(transaction) => transaction,
                None => pool.begin().await.map_err(StoreError::from)?,
            };
            // A transaction that can't go on isn't kept.
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

/// What became of the work; an error if the transaction can't go on.
async fn attempt_in<T, F>(tx: &mut Tx, work: F) -> Result<Result<T, Failure>, Failure>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>>,
{
    sqlx::query("savepoint attempt").execute(&mut *tx).await?;
    let done = work(tx).await;
    let end = match &done {
        Ok(_) => "release savepoint attempt",
        Err(_) => "rollback to savepoint attempt",
    };
    sqlx::query(end).execute(&mut *tx).await?;
    Ok(done)
}
