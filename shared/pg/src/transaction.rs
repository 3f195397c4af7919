//! Transactions that always end, even if the caller goes away.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument as _;
use uuid::Uuid;
use wangge_api::call;
use wangge_api::refusal::Refusal;

use crate::{
    cancel::{Backend, cancel},
    error::{Constraint, StoreError},
    measures,
};

/// The margin by which a statement may outlive its caller's deadline, so that the
/// caller gets our own error and not the database's.
const DEADLINE_MARGIN: Duration = Duration::from_millis(500);
/// The time that an abandoned transaction may still run before its statement is
/// cancelled; most end sooner by themselves.
const CANCEL_DELAY: Duration = Duration::from_millis(250);

/// A connection with an open transaction.
pub type Tx = PgConnection;

/// Runs `work` in a transaction: commits if it succeeds, rolls back otherwise.
///
/// The transaction runs in its own task: a handler is dropped when its caller hangs
/// up or its deadline passes, and dropping a `begin` halfway would leave a
/// transaction open on a pooled connection. If the caller goes away before the
/// transaction has begun, it never begins; if it goes away later, the running
/// statement is cancelled after a short delay. Statements may run for the rest of
/// the call's deadline. The call's slot is held until the transaction has ended.
///
/// `constraints` maps a violated constraint to the request field that it is about.
///
/// # Errors
/// Returns the refusal of `work`, or of a violated constraint;
/// `DATABASE_UNAVAILABLE`; `CONCURRENT_CHANGE`.
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
    let (waits, mut abandoned) = oneshot::channel::<()>();
    let task = call::carry(async move {
        let since = Instant::now();
        // Waiting for a connection can be aborted safely; a `begin` that has been
        // sent can't.
        let mut connection = tokio::select! {
            connection = pool.acquire() => connection?,
            _ = &mut abandoned => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        // A unique name identifies the backend to `cancel`, since the process id of
        // a pooled connection isn't known here. It is set with `set local`, so it
        // ends with the transaction: a late cancellation can't hit the connection's
        // next user.
        let name = format!("wangge {}", Uuid::now_v7().simple());
        let begin = AssertSqlSafe(begin_statement(&name));
        let mut transaction = connection.begin_with(begin).await?;
        measures::waited("transactions", since);
        // Pinned, since dropping the future halfway is what has to be avoided: it
        // is always polled to its end, with or without a caller.
        let mut ended = pin!(async move {
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        });
        tokio::select! {
            ended = &mut ended => return ended,
            _ = &mut abandoned => {}
        }
        let backend = Backend::Named(name);
        // In a loop, since a cancellation hits one statement only: it may arrive
        // between two statements, or `work` may go on with the next one.
        loop {
            match timeout(CANCEL_DELAY, &mut ended).await {
                Ok(ended) => return ended,
                Err(_) => cancel(&pool.connect_options(), &backend).await,
            }
        }
    });
    let ended = tokio::spawn(task.in_current_span()).await;
    // Kept alive until here: `abandoned` resolves when it is dropped, which also
    // happens when this function's future is dropped.
    drop(waits);
    match ended {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failure::Refused(refusal))) => Err(*refusal),
        Ok(Err(Failure::Store(error))) => Err(error.refuse(constraints)),
        Err(panicked) => Err(Refusal::internal(&panicked)),
    }
}

/// Builds the statement that begins a transaction, names its backend and sets the
/// statement timeout from the call's deadline, in one round trip.
fn begin_statement(name: &str) -> String {
    let mut statement = format!("begin; set local application_name = '{name}'");
    if let Some(left) = call::left() {
        let limit = left.saturating_add(DEADLINE_MARGIN).as_millis();
        // PostgreSQL's `statement_timeout` is a 32-bit number of milliseconds.
        let limit = limit.min(i32::MAX.unsigned_abs().into());
        statement.push_str(&format!("; set local statement_timeout = {limit}"));
    }
    statement
}

/// The reason why a transaction was rolled back.
#[derive(Debug)]
pub enum Failure {
    /// The domain rejected the request.
    Refused(Box<Refusal>),
    /// The database returned an error.
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
