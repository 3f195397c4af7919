//! Work that one replica at a time does in a database: an advisory lock chooses
//! it, and any other takes over when its connection ends, however that happens.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// How often a replica that stands by tries to lead.
const TAKE_OVER: Duration = Duration::from_secs(1);
/// How long the database may take to answer whoever leads.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lead, for as long as its connection lasts.
#[derive(Debug)]
pub struct Leadership(PgConnection);

impl Leadership {
    /// Stands by until nobody else leads `work`, a name that all replicas give
    /// it.
    ///
    /// # Errors
    /// When the connection is lost; stand by again then.
    pub async fn stand_by(pool: &PgPool, work: &str) -> Result<Self, StoreError> {
        // Detached, so that the lock goes with the connection, whatever becomes
        // of this task.
        let mut connection = pool.acquire().await?.detach();
        loop {
            // Locks of our own have a class of their own.
            let lock =
                sqlx::query_scalar("select pg_try_advisory_lock(hashtext('wangge'), hashtext($1))")
                    .bind(work)
                    .fetch_one(&mut connection);
            let leads: bool = in_time(lock).await?;
            if leads {
                return Ok(Self(connection));
            }
            tokio::time::sleep(TAKE_OVER).await;
        }
    }

    /// The connection that holds the lock.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// The answer of a statement on the lead's connection, or that it is lost: a
/// database that has vanished says nothing at all.
///
/// # Errors
/// What the database says, or that it said nothing for ten seconds.
pub async fn in_time<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, statement).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
    }
}
