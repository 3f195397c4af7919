//! Transactions that end, whatever becomes of the caller.

use std::time::Instant;

use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use tracing::Instrument as _;
use wangge_api::refusal::Refusal;

use crate::{
    error::{Constraint, StoreError},
    measures,
};

/// The connection on which a transaction is open.
pub type Tx = PgConnection;

/// Runs `work` in a transaction: commits if it succeeds, rolls back if not.
///
/// It runs in a task of its own, since a handler is dropped when its caller
/// hangs up or its time runs out, and a `begin` dropped half-way would leave a
/// transaction open on a pooled connection. So a transaction that was begun
/// is finished, even when nobody waits for it any more.
///
/// `constraints` says which field a violated constraint is about.
///
/// # Errors
/// What `work` refuses; `DATABASE_UNAVAILABLE`, `CONCURRENT_CHANGE`, or the
/// refusal of a violated constraint.
pub async fn transact<T, F>(
    pool: &PgPool,
    constraints: &'static [Constraint],
    work: F,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static,
{
    let pool = pool.clone();
    let task = async move {
        let since = Instant::now();
        let mut transaction = pool.begin().await.map_err(StoreError::from)?;
        measures::waited("transactions", since);
        let value = work(&mut transaction).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(value)
    };
    match tokio::spawn(task.in_current_span()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failure::Refused(refusal))) => Err(*refusal),
        Ok(Err(Failure::Store(error))) => Err(error.refuse(constraints)),
        Err(panicked) => Err(Refusal::internal(&panicked)),
    }
}

/// Why a transaction was given up.
#[derive(Debug)]
pub enum Failure {
    /// The domain says no.
    Refused(Box<Refusal>),
    /// The database says no.
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
