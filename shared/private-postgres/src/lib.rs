//! A private PostgreSQL server: one data directory, one unix socket, no TCP port. It owns
//! the server's whole lifecycle, from finding the installed binaries to removing the last
//! file. It knows no schema and never executes SQL.

mod account;
mod binaries;
mod cluster;
mod error;
mod leftover;
mod lock;
mod pid_file;
mod postmaster;
mod socket;
mod url;
mod watchdog;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use account::Account;
use cluster::Places;
use leftover::Leftover;
use lock::Lock;
use pid_file::PidFile;
use postmaster::Postmaster;
use tokio::time::{Instant, sleep};
use watchdog::Watchdog;

pub use binaries::find_binaries;
pub use error::Error;

/// How long to retry a start after a crash: while the old server's last children still
/// hold its resources, and for any other failure.
const CRASH_TIMEOUTS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(5));

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; created if it doesn't exist.
    pub data_dir: PathBuf,
    /// True if commits survive a crash of the machine; tests set false.
    pub durable: bool,
    /// What happens to the server if this process dies.
    pub lifetime: Lifetime,
    /// Maximum number of concurrent connections, as `max_connections`.
    pub max_connections: u32,
    /// True if the data is deleted when the server stops.
    pub remove_on_exit: bool,
}

/// What happens to the server if the process that started it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// The server keeps running, and the next start on the same directory adopts it.
    Adoptable,
    /// A watchdog stops it, even after SIGKILL.
    DiesWithParent,
}

/// A running server. Dropping it without [`stop`](Self::stop) has the effect of being
/// killed: its [`Lifetime`] applies.
#[derive(Debug)]
pub struct PrivatePostgres {
    options: Options,
    places: Places,
    binaries: PathBuf,
    server: Postmaster,
    adopted: bool,
    // Declared after the server: fields are dropped in order, and this is the order in which
    // a death of the process would close them.
    watchdog: Option<Watchdog>,
    lock: Lock,
}

impl PrivatePostgres {
    /// Creates the data directory if needed, starts a server on it (or adopts the one
    /// that an earlier process left running), and waits until it is ready.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let binaries = find_binaries()?;
        let places = Places::of(&options.data_dir)?;
        // Locked first: everything below assumes that no other process works on the
        // directory.
        let lock = Lock::acquire(&places.lock).await?;
        let account = Account::for_data_dir(&places.data)?;
        lock.give_to(&account)?;
        cluster::ensure(&places, &binaries, &account, options.durable).await?;
        socket::prepare(&places.socket, &account)?;

        let arguments = postmaster::arguments(&options, &places);
        if let Some(leftover) = Leftover::find(&places).await
            && let Some(server) = take_over(leftover, &options, &arguments).await?
        {
            tracing::info!(data_dir = %places.data.display(), "adopted the PostgreSQL server left running");
            return Ok(Self {
                options,
                places,
                binaries,
                server,
                adopted: true,
                watchdog: None,
                lock,
            });
        }

        let mut watchdog = match options.lifetime {
            Lifetime::DiesWithParent => {
                Some(Watchdog::spawn(&places, &lock, options.remove_on_exit)?)
            }
            Lifetime::Adoptable => None,
        };
        let server = launch(&binaries, &account, &arguments, &places, watchdog.as_mut()).await?;
        tracing::info!(data_dir = %places.data.display(), "started a private PostgreSQL server");
        Ok(Self {
            options,
            places,
            binaries,
            server,
            adopted: false,
            watchdog,
            lock,
        })
    }

    /// Stops the server: open sessions are terminated, committed work is retained.
    /// Escalates to an immediate shutdown after ten seconds.
    pub async fn stop(self) -> Result<(), Error> {
        let Self {
            options,
            places,
            mut server,
            watchdog,
            lock,
            ..
        } = self;
        server.shut_down(&places).await?;
        socket::remove(&places.socket);
        if options.remove_on_exit {
            cluster::remove(&places).await?;
        }
        // The watchdog holds the lock as well, so it must be gone before we return.
        if let Some(watchdog) = watchdog {
            watchdog.dismiss().await;
        }
        if options.remove_on_exit {
            lock.remove();
        }
        Ok(())
    }

    /// Returns the URL of one of its databases, for sqlx and libpq.
    pub fn url(&self, database: &str) -> String {
        url::of(&self.places.socket, database)
    }

    /// Returns the directory that contains its unix socket.
    pub fn socket_dir(&self) -> &Path {
        &self.places.socket
    }

    /// Returns the directory that contains its programs.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Waits until the server exits by itself or is killed.
    pub async fn ended(&mut self) {
        self.server.ended(&self.places.data).await;
    }

    /// Returns true if the server had been left running by an earlier process.
    pub fn adopted(&self) -> bool {
        self.adopted
    }
}

/// Returns the URL of a database on the server of an existing data directory, no matter
/// which process runs it.
pub fn url_of(data_dir: &Path, database: &str) -> Result<String, Error> {
    if !data_dir.join("PG_VERSION").is_file() {
        return Err(Error::UnusablePath {
            path: data_dir.into(),
            reason: "it contains no PostgreSQL data",
        });
    }
    Ok(url::of(&Places::of(data_dir)?.socket, database))
}

/// Adopts a server that was left running if it is configured exactly as wanted; stops one
/// with other settings or another lifetime.
async fn take_over(
    leftover: Leftover<'_>,
    options: &Options,
    arguments: &[String],
) -> Result<Option<Postmaster>, Error> {
    let wanted = options.lifetime == Lifetime::Adoptable && leftover.was_started_with(arguments);
    if wanted {
        return leftover.adopt().await;
    }
    leftover.stop().await?;
    Ok(None)
}

/// Returns how long a start that failed with this log is retried. Orphaned children of
/// the old server hold its shared memory, on a busy machine for a while.
fn crash_timeout(log: &str) -> Duration {
    let orphans = ["pre-existing shared memory block", "postmaster.pid"];
    if orphans.iter().any(|sign| log.contains(sign)) {
        CRASH_TIMEOUTS.0
    } else {
        CRASH_TIMEOUTS.1
    }
}

/// Starts the server. After a crash the start is retried: the old server's last children
/// may not have noticed yet that they are orphans.
async fn launch(
    binaries: &Path,
    account: &Account,
    arguments: &[String],
    places: &Places,
    mut watchdog: Option<&mut Watchdog>,
) -> Result<Postmaster, Error> {
    let crashed = PidFile::read(&places.data).is_some();
    let begun = Instant::now();
    loop {
        let mut server = Postmaster::spawn(binaries, account, arguments, places)?;
        // Before waiting: if we die during the startup, the watchdog must already know
        // the pid.
        if let Some(watchdog) = &mut watchdog {
            watchdog.guard(server.pid()).await?;
        }
        match server.wait_until_ready(places).await {
            Err(Error::StartFailed { log }) if crashed && begun.elapsed() < crash_timeout(&log) => {
                sleep(Duration::from_millis(100)).await;
            }
            outcome => return outcome.map(|()| server),
        }
    }
}
