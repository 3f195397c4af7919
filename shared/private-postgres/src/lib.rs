//! A private PostgreSQL server: one data directory, one unix socket, no port.
//! Owns the server's whole life, from finding the installed binaries to the
//! last removed file. Refuses to know any schema, and never speaks SQL.

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

/// How long a start after a crash is tried again while the old server's last
/// children are in the way, and while something else is.
const CRASH_TIMEOUTS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(5));

/// What kind of server is wanted, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the data is kept; made when it does not exist yet.
    pub data_dir: PathBuf,
    /// Whether a commit survives a crash of the machine. Tests say no.
    pub durable: bool,
    /// What becomes of the server when this process dies.
    pub lifetime: Lifetime,
    /// How many connections the server accepts at once.
    pub max_connections: u32,
    /// Whether the data goes away together with the server.
    pub remove_on_exit: bool,
}

/// What becomes of the server when the process that started it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It goes on, and the next start of the same directory takes it over.
    Adoptable,
    /// A watchdog stops it, even after a kill that no program can catch.
    DiesWithParent,
}

/// A running server. Dropping it without [`stop`](Self::stop) is the same as
/// being killed: its [`Lifetime`] says what happens then.
#[derive(Debug)]
pub struct PrivatePostgres {
    options: Options,
    places: Places,
    binaries: PathBuf,
    server: Postmaster,
    adopted: bool,
    // After the server, so that the order of dropping is the order of a death.
    watchdog: Option<Watchdog>,
    lock: Lock,
}

impl PrivatePostgres {
    /// Makes the data directory if need be, starts a server on it (or adopts
    /// the one an earlier process left behind) and waits until it is ready.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let binaries = find_binaries()?;
        let places = Places::of(&options.data_dir)?;
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

    /// Stops the server: open sessions are cut off, committed work is kept.
    /// After ten seconds without an end it is stopped without more ado.
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
        // The watchdog holds the lock too: it must be gone before we say so.
        if let Some(watchdog) = watchdog {
            watchdog.dismiss().await;
        }
        if options.remove_on_exit {
            lock.remove();
        }
        Ok(())
    }

    /// The address of one of its databases, as sqlx and libpq read it.
    pub fn url(&self, database: &str) -> String {
        url::of(&self.places.socket, database)
    }

    /// The directory its unix socket is in.
    pub fn socket_dir(&self) -> &Path {
        &self.places.socket
    }

    /// The directory its programs are in.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Waits until the server has ended by itself, or was killed.
    pub async fn ended(&mut self) {
        self.server.ended(&self.places.data).await;
    }

    /// Whether the server had been left running by an earlier process.
    pub fn adopted(&self) -> bool {
        self.adopted
    }
}

/// The address of a database on the server of a data directory that is there,
/// whoever runs it.
pub fn url_of(data_dir: &Path, database: &str) -> Result<String, Error> {
    if !data_dir.join("PG_VERSION").is_file() {
        return Err(Error::UnusablePath {
            path: data_dir.into(),
            reason: "it holds no PostgreSQL data",
        });
    }
    Ok(url::of(&Places::of(data_dir)?.socket, database))
}

/// A server left behind is adopted if it is just what would be started now;
/// one with other settings, or a shorter life, is stopped to make room.
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

/// How long a start that failed like this is tried again. Orphans of the old
/// server hold its shared memory, and on a busy machine for a while.
fn crash_timeout(log: &str) -> Duration {
    let orphans = ["pre-existing shared memory block", "postmaster.pid"];
    if orphans.iter().any(|sign| log.contains(sign)) {
        CRASH_TIMEOUTS.0
    } else {
        CRASH_TIMEOUTS.1
    }
}

/// Starts the server. After a crash that is tried for a while: the old
/// server's last children may not have noticed yet that they are orphans.
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
