//! The server process: starting it, waiting until it is ready, stopping it. It opens no
//! connection: the pid file contains everything it needs.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

use crate::{
    Error, Options,
    account::Account,
    cluster::Places,
    error::Doing,
    pid_file::{PidFile, is_alive},
};

/// The only role, created by initdb; trust authentication is safe because only we can
/// reach the socket.
pub(crate) const SUPERUSER: &str = "wangge";
/// Not a TCP port, only a part of the socket's name.
pub(crate) const PORT: u16 = 5432;

pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Maximum time without log output during startup. After a crash, the server replays its
/// WAL for as long as that takes, and logs its progress every ten seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Signals and timeouts of a shutdown: fast first, then immediate. Five seconds into an
/// immediate shutdown the server kills its remaining children itself.
const SHUTDOWNS: [(Signal, Duration); 2] = [
    (Signal::INT, Duration::from_secs(10)),
    (Signal::QUIT, Duration::from_secs(7)),
];

/// Returns the command line. It contains all settings, so comparing it with that of a
/// running server shows if that server is configured as wanted.
pub(crate) fn arguments(options: &Options, places: &Places) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", places.socket.display()),
        "unix_socket_permissions=0700".to_owned(),
        format!("port={PORT}"),
        format!("max_connections={}", options.max_connections),
        "shared_buffers=128MB".to_owned(),
        "jit=off".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "log_min_messages=warning".to_owned(),
        // The database holds personal data: neither a row that violates a constraint nor
        // the parameters of a failed statement may appear in the log.
        "log_error_verbosity=terse".to_owned(),
        "log_parameter_max_length=0".to_owned(),
        "log_parameter_max_length_on_error=0".to_owned(),
        // A session that leaks a transaction would otherwise hold its locks and block
        // vacuum.
        "idle_in_transaction_session_timeout=10s".to_owned(),
    ];
    let safety: &[&str] = if options.durable {
        &["wal_compression=on", "max_wal_size=2GB"]
    } else {
        &[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ]
    };
    settings.extend(safety.iter().map(|setting| (*setting).to_owned()));

    let data = ["-D".to_owned(), places.data.display().to_string()];
    data.into_iter()
        .chain(
            settings
                .into_iter()
                .flat_map(|setting| ["-c".to_owned(), setting]),
        )
        .collect()
}

/// A server's main process: a child of ours, or one that we adopted.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pid: Pid,
    child: Option<Child>,
}

impl Postmaster {
    /// Starts the process in a process group of its own: a Ctrl-C in the terminal only
    /// reaches us, and we then shut the server down cleanly.
    pub(crate) fn spawn(
        binaries: &Path,
        account: &Account,
        arguments: &[String],
        places: &Places,
    ) -> Result<Self, Error> {
        let program = binaries.join("postgres");
        let log = new_log(&places.log())?;
        let child = account
            .command(&program)
            .args(arguments)
            .stdout(log.try_clone().doing("write", places.log())?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .doing("run", &program)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        match pid {
            Some(pid) => Ok(Self {
                pid,
                child: Some(child),
            }),
            None => Err(Error::StartFailed {
                log: log_tail(places),
            }),
        }
    }

    /// Wraps a server that another process started.
    pub(crate) fn adopted(pid: Pid) -> Self {
        Self { pid, child: None }
    }

    /// Returns the pid of the main process.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until the server accepts queries. Fails if it exits or hangs.
    pub(crate) async fn wait_until_ready(&mut self, places: &Places) -> Result<(), Error> {
        let mut start = Start::begin(places);
        while !PidFile::read(&places.data).is_some_and(|file| file.pid == self.pid && file.ready) {
            // Only a child of ours can be polled for its exit; an adopted one is polled
            // by its pid.
            if self
                .child
                .as_mut()
                .is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
            {
                return Err(Error::StartFailed {
                    log: log_tail(places),
                });
            }
            if start.hangs() {
                self.shut_down(places).await?;
                return Err(start.timeout());
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Stops the server: cleanly, or by an immediate shutdown after a timeout.
    pub(crate) async fn shut_down(&mut self, places: &Places) -> Result<(), Error> {
        for (signal, patience) in SHUTDOWNS {
            // A child that has been reaped has no id; its pid may belong to another
            // process by now.
            if self
                .child
                .as_ref()
                .is_some_and(|child| child.id().is_none())
            {
                return Ok(());
            }
            // An error means that it has exited already, which the wait below detects.
            let _ = kill_process(self.pid, signal);
            if timeout(patience, self.ended(&places.data)).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(?signal, "PostgreSQL did not stop in time");
        }
        Err(Error::StopTimeout {
            pid: self.pid.as_raw_nonzero().get(),
        })
    }

    /// Waits until the process is gone, for any reason.
    pub(crate) async fn ended(&mut self, data_dir: &Path) {
        if let Some(child) = &mut self.child {
            // An error means that the child no longer exists.
            let _ = child.wait().await;
            return;
        }
        // Not our child, so it can't be waited for, only polled.
        while PidFile::read(data_dir).is_some_and(|file| file.pid == self.pid && is_alive(file.pid))
        {
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// A server's startup. Times out only if its log stops growing.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    places: &'a Places,
    said: u64,
    deadline: Instant,
}

impl<'a> Start<'a> {
    /// Starts the timer.
    pub(crate) fn begin(places: &'a Places) -> Self {
        Self {
            places,
            said: 0,
            deadline: Instant::now() + START_TIMEOUT,
        }
    }

    /// Returns true if the server has logged nothing for too long.
    pub(crate) fn hangs(&mut self) -> bool {
        let said = fs::metadata(self.places.log()).map_or(0, |log| log.len());
        if said != self.said {
            self.said = said;
            self.deadline = Instant::now() + START_TIMEOUT;
        }
        Instant::now() >= self.deadline
    }

    /// Returns the error for a startup that hangs.
    pub(crate) fn timeout(&self) -> Error {
        Error::StartTimeout {
            seconds: START_TIMEOUT.as_secs(),
            log: log_tail(self.places),
        }
    }
}

/// Creates an empty log. It is a new file: the previous one may belong to another user.
fn new_log(path: &Path) -> Result<File, Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).doing("remove", path),
        _ => File::create_new(path).doing("create", path),
    }
}

/// Returns the last lines of the server's log, for error messages.
pub(crate) fn log_tail(places: &Places) -> String {
    const LINES: usize = 15;
    let path: PathBuf = places.log();
    let log = fs::read(&path).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(LINES)..].join("\n");
    if tail.is_empty() {
        format!("(nothing in {})", path.display())
    } else {
        tail
    }
}
