//! Connections for calls that are a single statement. sqlx's pool pings each
//! connection on release, which doubles the round trips of such a call. A lane is
//! released without a ping once its statement has returned, and checked before its
//! next one only if it was idle for a while. If its call was dropped before that, the
//! statement is cancelled, and the permit is released only when the backend is idle
//! or gone. So there are never more backends than permits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use wangge_api::call::{self, Context};

use crate::{
    cancel::{Backend, cancel, terminate},
    error::{self, StoreError},
    measures,
    pool::prepare,
};

/// Timeout for a free lane, and again for opening a new connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle time after which a connection is checked before its next statement: the
/// database may have been restarted since. Shorter than any restart, and long enough
/// that a busy lane is never checked.
const CHECK_AFTER: Duration = Duration::from_secs(1);
/// The time that a dropped call's statement may still run before it is cancelled;
/// most end sooner by themselves.
const CANCEL_DELAY: Duration = Duration::from_millis(250);
/// Timeout for a cancelled statement to end; its backend is terminated after that.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// A set of connections, each running one statement at a time.
#[derive(Debug, Clone)]
pub struct Lanes(Arc<Home>);

#[derive(Debug)]
struct Home {
    options: PgConnectOptions,
    name: &'static str,
    limit: u32,
    free: Mutex<Vec<Open>>,
    places: Arc<Semaphore>,
}

/// A connection and the backend that serves it.
#[derive(Debug)]
struct Open {
    connection: PgConnection,
    backend: Backend,
    /// End of its last statement.
    idle_since: Instant,
}

impl Lanes {
    /// Creates a set of at most `limit` connections, each opened on first use.
    /// `name` is the pool's name in metrics.
    pub fn new(name: &'static str, options: PgConnectOptions, limit: u32) -> Self {
        let places = usize::try_from(limit).unwrap_or(1);
        Self(Arc::new(Home {
            options,
            name,
            limit,
            free: Mutex::new(Vec::new()),
            places: Arc::new(Semaphore::new(places)),
        }))
    }

    /// Returns the maximum number of connections.
    pub(crate) fn limit(&self) -> u32 {
        self.0.limit
    }

    /// Returns the number of connections in use.
    pub(crate) fn used(&self) -> u32 {
        let left = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
        self.0.limit.saturating_sub(left)
    }

    /// Returns the number of open, idle connections.
    pub(crate) fn free(&self) -> u32 {
        u32::try_from(self.0.free().len()).unwrap_or(u32::MAX)
    }

    /// Acquires a lane for one statement.
    ///
    /// # Errors
    /// Returns an error if no lane is free within two seconds, or no connection can
    /// be opened within two seconds.
    pub async fn take(&self) -> Result<Lane, StoreError> {
        let since = Instant::now();
        let place = timeout(ACQUIRE_TIMEOUT, self.0.places.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::no_lane(self.0.name))?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        // Popped in a statement of its own, so that the guard isn't held across the
        // await below.
        let free = self.0.free().pop();
        let free = match free {
            Some(connection) => self.0.check(connection).await,
            None => None,
        };
        let connection = match free {
            Some(connection) => connection,
            None => timeout(ACQUIRE_TIMEOUT, self.0.open())
                .await
                .map_err(|_| StoreError::no_lane(self.0.name))??,
        };
        measures::waited(self.0.name, since);
        Ok(Lane {
            connection: Some(connection),
            home: self.0.clone(),
            place: Some(place),
            call: call::current(),
        })
    }

    /// Closes the idle lanes and prevents new ones from being opened.
    pub async fn close(&self) {
        self.0.places.close();
        let free = std::mem::take(&mut *self.0.free());
        for connection in free {
            // Closing is best effort: the connection may be broken already.
            let _ = connection.connection.close().await;
        }
    }
}

impl Home {
    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Open>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Open, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let backend = Backend::Process(prepare(&mut connection).await?);
        Ok(Open {
            connection,
            backend,
            idle_since: Instant::now(),
        })
    }

    /// Returns the connection if it can be used. Otherwise the server is gone, and the
    /// connections that were idle for longer are dead, too.
    async fn check(&self, mut open: Open) -> Option<Open> {
        if open.idle_since.elapsed() < CHECK_AFTER {
            return Some(open);
        }
        let ping = timeout(ACQUIRE_TIMEOUT, open.connection.ping());
        if ping.await.is_ok_and(|answer| answer.is_ok()) {
            return Some(open);
        }
        self.free().clear();
        None
    }

    /// Makes a connection available to the next call.
    fn put_back(&self, open: Open) {
        let idle_since = Instant::now();
        self.free().push(Open { idle_since, ..open });
    }

    /// Waits until a dropped call's statement has ended, by itself or by
    /// cancellation. Returns the connection if it can be reused.
    async fn drain(&self, mut open: Open) -> Option<Open> {
        if timeout(CANCEL_DELAY, drained(&mut open.connection))
            .await
            .is_err()
        {
            // The statement gets a moment first: a cancellation costs a session of
            // its own.
            cancel(&self.options, &open.backend).await;
        }
        match timeout(DRAIN_TIMEOUT, drained(&mut open.connection)).await {
            Ok(usable) => usable.then_some(open),
            Err(_) => {
                // A backend that ignores cancellation would hold its permit for
                // good.
                terminate(&self.options, &open.backend).await;
                None
            }
        }
    }
}

/// Consumes the rest of a statement's response; returns true if the connection is
/// still usable.
async fn drained(connection: &mut PgConnection) -> bool {
    // The first ping may receive the error of the interrupted statement.
    for _ in 0..2 {
        match connection.ping().await {
            Ok(()) => return true,
            Err(sqlx::Error::Database(_)) => {}
            Err(_) => return false,
        }
    }
    false
}

/// A connection for one statement.
#[derive(Debug)]
pub struct Lane {
    connection: Option<Open>,
    home: Arc<Home>,
    place: Option<OwnedSemaphorePermit>,
    /// The call's context: its slot is released together with the permit.
    call: Context,
}

impl Lane {
    /// Runs the statement and releases the connection once it has returned.
    ///
    /// # Errors
    /// Returns the database's error.
    pub async fn run<T>(
        mut self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let Some(open) = self.connection.as_mut() else {
            return Err(sqlx::Error::PoolClosed.into());
        };
        // If this future is dropped here, `connection` is still set and `Drop`
        // takes over.
        let answer = statement(&mut open.connection).await;
        self.settle(&answer);
        Ok(answer?)
    }

    fn settle<T>(&mut self, answer: &Result<T, sqlx::Error>) {
        let answered = match answer {
            Ok(_) | Err(sqlx::Error::RowNotFound) => true,
            // A database error is a complete response: the connection is in sync
            // and reusable.
            Err(error @ sqlx::Error::Database(_)) => !error::is_outdated(error),
            Err(_) => false,
        };
        let connection = self.connection.take();
        if answered {
            if let Some(open) = connection {
                self.home.put_back(open);
            }
        } else {
            // Either the server is gone, and the idle connections are dead, too; or
            // the schema has changed, and their prepared statements are outdated.
            self.home.free().clear();
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let (home, place) = (self.home.clone(), self.place.take());
        if let (Some(open), Ok(runtime)) = (
            self.connection.take(),
            tokio::runtime::Handle::try_current(),
        ) {
            // Still set: the call was dropped while its statement was running. The
            // connection is drained before it can be reused, and the permit and the
            // slot are held until then.
            let call = std::mem::take(&mut self.call);
            runtime.spawn(async move {
                if let Some(open) = home.drain(open).await {
                    home.put_back(open);
                }
                drop((place, call));
            });
        }
    }
}
