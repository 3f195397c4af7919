//! Cancels statements whose callers are gone. sqlx doesn't expose the key that
//! PostgreSQL's own cancel request needs, so a separate session calls
//! `pg_cancel_backend`. The owner of the connection must not release it until the
//! statement has ended, so that no other caller's statement is hit.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{global::meter, metrics::Counter};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{sync::Semaphore, time::timeout};

/// Limits concurrent cancelling sessions, over all pools of the process: they open
/// connections beyond the pools' limits.
static SESSIONS: Semaphore = Semaphore::const_new(2);
/// Timeout of a cancellation, including its connection.
const TIMEOUT: Duration = Duration::from_secs(5);

static CANCELLED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter("wangge")
        .u64_counter("wangge.database.statements_cancelled")
        .with_description("Statements cancelled because their callers no longer waited for them.")
        .build()
});

/// Identifies the backend that runs a statement.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// The backend's process id.
    Process(i32),
    /// The `application_name` that the transaction has set.
    Named(String),
}

/// Initialises the counter with zero, so that the first cancellation is visible as
/// an increase.
pub(crate) fn measure() {
    CANCELLED.add(0, &[]);
}

/// Cancels a backend's current statement. A failure is only logged: the statement
/// then ends at its `statement_timeout`.
pub(crate) async fn cancel(options: &PgConnectOptions, backend: &Backend) {
    CANCELLED.add(1, &[]);
    signal(options, backend, "pg_cancel_backend").await;
}

/// Terminates a backend that didn't react to a cancellation.
pub(crate) async fn terminate(options: &PgConnectOptions, backend: &Backend) {
    signal(options, backend, "pg_terminate_backend").await;
}

async fn signal(options: &PgConnectOptions, backend: &Backend, function: &'static str) {
    let asked = async {
        let permit = SESSIONS.acquire().await;
        let options = options.clone().disable_statement_logging();
        let mut session = PgConnection::connect_with(&options).await?;
        let (pid, name) = match backend {
            Backend::Process(pid) => (Some(*pid), None),
            Backend::Named(name) => (None, Some(name)),
        };
        // Safe to interpolate: the function's name is one of two constants.
        let statement = format!(
            "select {function}(pid) from pg_stat_activity \
             where pid = $1 or (application_name = $2 and pid <> pg_backend_pid())"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(pid)
            .bind(name)
            .execute(&mut session)
            .await?;
        drop(permit);
        session.close().await
    };
    match timeout(TIMEOUT, asked).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, function, "could not signal a backend"),
        Err(_) => tracing::debug!(function, "timed out signalling a backend"),
    }
}
