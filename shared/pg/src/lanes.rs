//! Connections for calls that are one statement. A pool sends a statement of
//! its own each time a connection comes back, to see whether it is still good;
//! for a call that is one statement, that is as much again. A lane goes back as
//! it is when its statement was answered, and is looked at only when its call
//! was dropped before the answer: then the statement is cancelled, and the place
//! given back only when its backend is free or gone. So there are never more
//! backends than places.

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

/// How long a call waits for a free lane before it is refused, and for a new
/// connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a dropped call's statement may go on before it is cancelled; most end
/// by themselves sooner.
const CANCEL_DELAY: Duration = Duration::from_millis(250);
/// How long a cancelled statement may take to end before its backend is ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Some connections, each with one statement at a time.
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

/// A connection, and the process that serves it.
#[derive(Debug)]
struct Open {
    connection: PgConnection,
    backend: Backend,
}

impl Lanes {
    /// At most `limit` connections, each opened when it is first needed. They are
    /// measured by their name.
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

    /// How many there may be.
    pub(crate) fn limit(&self) -> u32 {
        self.0.limit
    }

    /// How many are at work.
    pub(crate) fn used(&self) -> u32 {
        let left = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
        self.0.limit.saturating_sub(left)
    }

    /// How many are open and free.
    pub(crate) fn free(&self) -> u32 {
        u32::try_from(self.0.free().len()).unwrap_or(u32::MAX)
    }

    /// A lane for one statement.
    ///
    /// # Errors
    /// When none gets free, or the database can't be reached, for two seconds.
    pub async fn take(&self) -> Result<Lane, StoreError> {
        let since = Instant::now();
        let place = timeout(ACQUIRE_TIMEOUT, self.0.places.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::no_lane(self.0.name))?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let free = self.0.free().pop();
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

    /// Closes lanes that are free, and refuses to open others.
    pub async fn close(&self) {
        self.0.places.close();
        let free = std::mem::take(&mut *self.0.free());
        for connection in free {
            // It may be broken already.
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
        })
    }

    /// Waits until a dropped call's statement has ended, by itself or not; then
    /// the connection can be used again. Nothing if it can't.
    async fn drain(&self, mut open: Open) -> Option<Open> {
        if timeout(CANCEL_DELAY, drained(&mut open.connection))
            .await
            .is_err()
        {
            cancel(&self.options, &open.backend).await;
        }
        match timeout(DRAIN_TIMEOUT, drained(&mut open.connection)).await {
            Ok(usable) => usable.then_some(open),
            Err(_) => {
                terminate(&self.options, &open.backend).await;
                None
            }
        }
    }
}

/// Reads away what is left of a statement's response; returns whether the
/// connection is still good.
async fn drained(connection: &mut PgConnection) -> bool {
    // The first ping may meet the error of the statement itself.
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
    /// The call's slot goes back with the place.
    call: Context,
}

impl Lane {
    /// Runs the statement, and gives the connection back once it is answered.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run<T>(
        mut self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let Some(open) = self.connection.as_mut() else {
            return Err(sqlx::Error::PoolClosed.into());
        };
        let answer = statement(&mut open.connection).await;
        self.settle(&answer);
        Ok(answer?)
    }

    fn settle<T>(&mut self, answer: &Result<T, sqlx::Error>) {
        let answered = match answer {
            Ok(_) | Err(sqlx::Error::RowNotFound) => true,
            Err(error @ sqlx::Error::Database(_)) => !error::is_outdated(error),
            Err(_) => false,
        };
        let connection = self.connection.take();
        if answered {
            self.home.free().extend(connection);
        } else {
            // The server is gone, and with it whatever the other lanes lead to; or
            // the schema has changed under all of them.
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
            // The call was dropped in the middle.
            let call = std::mem::take(&mut self.call);
            runtime.spawn(async move {
                let usable = home.drain(open).await;
                home.free().extend(usable);
                drop((place, call));
            });
        }
    }
}
