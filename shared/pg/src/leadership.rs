//! Leader election among the replicas on one database, by a PostgreSQL advisory
//! lock: the lock ends with its connection, however that ends, and another replica
//! takes over.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// Poll interval of a standby replica.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Timeout of the leader's statements.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Leadership, held for as long as the connection lasts.
#[derive(Debug)]
pub struct Leadership(PgConnection);

impl Leadership {
    /// Waits until this replica leads `work`. All replicas must use the same name
    /// for it.
    ///
    /// # Errors
    /// Returns an error if the connection is lost; the caller should start over.
    pub async fn stand_by(pool: &PgPool, work: &str) -> Result<Self, StoreError> {
        // Detached from the pool: the lock is bound to the session, so the
        // connection must be closed with this task and never reused.
        let mut connection = pool.acquire().await?.detach();
        // Polled: a blocking `pg_advisory_lock` wouldn't return while another
        // replica leads, so `in_time` couldn't detect a lost connection.
        loop {
            // The two-key form namespaces our locks against other users of advisory
            // locks.
            let lock =
                sqlx::query_scalar("select pg_try_advisory_lock(hashtext('wangge'), hashtext($1))")
                    .bind(work)
                    .fetch_one(&mut connection);
            let leads: bool = in_time(lock).await?;
            if leads {
                return Ok(Self(connection));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the connection that holds the lock.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// Runs a statement with a timeout: a database host that has vanished sends no
/// response at all, and leadership would never be noticed as lost.
///
/// # Errors
/// Returns the database's error, or a timeout after ten seconds.
pub async fn in_time<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(STATEMENT_TIMEOUT, statement).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
    }
}
