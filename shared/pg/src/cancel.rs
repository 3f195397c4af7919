//! Cancels statements that nobody waits for any more. sqlx keeps the key that
//! PostgreSQL's own cancel request needs to itself, so a session of its own asks
//! for it; the owner of the connection keeps it until the statement has ended, so
//! that nobody else's statement is hit.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{global::meter, metrics::Counter};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{sync::Semaphore, time::timeout};

/// Sessions that cancel at the same time, over all pools of the process.
static SESSIONS: Semaphore = Semaphore::const_new(2);
/// How long a cancellation may take.
const TIMEOUT: Duration = Duration::from_secs(5);

static CANCELLED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter("wangge")
        .u64_counter("wangge.database.statements_cancelled")
        .with_description("Statements cancelled because nobody waited for them any more.")
        .build()
});

/// Which backend a statement runs on.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// By its process id.
    Process(i32),
    /// By the name that its transaction has given it.
    Named(String),
}

/// Counts cancellations from now on, so that the first one is seen as one more.
pub(crate) fn measure() {
    CANCELLED.add(0, &[]);
}

/// Cancels what a backend is doing. Failing is logged only: the statement then
/// ends at its time limit.
pub(crate) async fn cancel(options: &PgConnectOptions, backend: &Backend) {
    CANCELLED.add(1, &[]);
    signal(options, backend, "pg_cancel_backend").await;
}

/// Ends a backend that a cancellation did not move.
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
        // The function's name is one of two of our own.
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
        Ok(Err(error)) => tracing::debug!(%error, function, "a backend was not signalled"),
        Err(_) => tracing::debug!(function, "a backend was not signalled in time"),
    }
}
