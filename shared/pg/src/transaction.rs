//! Transactions that end, whatever becomes of the caller.

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

/// How much longer than its caller's deadline a statement may run: the caller
/// gets our reason, not the database's.
const DEADLINE_MARGIN: Duration = Duration::from_millis(500);
/// How long an abandoned transaction may go on before it is cancelled; most end
/// by themselves sooner.
const CANCEL_DELAY: Duration = Duration::from_millis(250);

/// The connection on which a transaction is open.
pub type Tx = PgConnection;

/// Runs `work` in a transaction: commits if it succeeds, rolls back if not.
///
/// It runs in a task of its own, since a handler is dropped when its caller
/// hangs up or its time runs out, and a `begin` dropped half-way would leave a
/// transaction open on a pooled connection. When nobody waits for it any more, one
/// that has not begun never does, and the statement of one that has is cancelled
/// if it goes on for long. Its statements have what is left of the call's deadline.
/// The call's slot is held until the transaction has ended.
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
    let (waits, mut abandoned) = oneshot::channel::<()>();
    let task = call::carry(async move {
        let since = Instant::now();
        // Beginning can't be given up half-way, waiting for a connection can.
        let mut connection = tokio::select! {
            connection = pool.acquire() => connection?,
            _ = &mut abandoned => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        let name = format!("wangge {}", Uuid::now_v7().simple());
        let begin = AssertSqlSafe(begin_statement(&name));
        let mut transaction = connection.begin_with(begin).await?;
        measures::waited("transactions", since);
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
        loop {
            match timeout(CANCEL_DELAY, &mut ended).await {
                Ok(ended) => return ended,
                Err(_) => cancel(&pool.connect_options(), &backend).await,
            }
        }
    });
    let ended = tokio::spawn(task.in_current_span()).await;
    drop(waits);
    match ended {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failure::Refused(refusal))) => Err(*refusal),
        Ok(Err(Failure::Store(error))) => Err(error.refuse(constraints)),
        Err(panicked) => Err(Refusal::internal(&panicked)),
    }
}

/// Begins a transaction under a name by which its backend is found, and with the
/// deadline of the call at hand, in one round trip.
fn begin_statement(name: &str) -> String {
    let mut statement = format!("begin; set local application_name = '{name}'");
    if let Some(left) = call::left() {
        let limit = left.saturating_add(DEADLINE_MARGIN).as_millis();
        let limit = limit.min(i32::MAX.unsigned_abs().into());
        statement.push_str(&format!("; set local statement_timeout = {limit}"));
    }
    statement
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
