//! The server's process: how it is started, when it is ready, how it ends.
//! Refuses to ask the server anything: its pid file tells all of that.

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

/// The one role, made by initdb; trusted because only we reach the socket.
pub(crate) const SUPERUSER: &str = "wangge";
/// Not a port, only a part of the socket's name.
pub(crate) const PORT: u16 = 5432;

pub(crate) const POLL: Duration = Duration::from_millis(20);
/// How long a starting server may say nothing. One that crashed replays its log
/// first, for as long as that takes, and says every ten seconds how far it is.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// A fast shutdown is given ten seconds, then an immediate one is ordered;
/// after five seconds of that the server itself kills what still runs.
const SHUTDOWNS: [(Signal, Duration); 2] = [
    (Signal::INT, Duration::from_secs(10)),
    (Signal::QUIT, Duration::from_secs(7)),
];

/// The command line: all settings are in it, so that comparing it with that
/// of a running server tells whether the server is as wanted.
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
        // What is kept is personal data: a row that breaks a rule, or the values of a
        // statement that failed, have no place in the log.
        "log_error_verbosity=terse".to_owned(),
        "log_parameter_max_length=0".to_owned(),
        "log_parameter_max_length_on_error=0".to_owned(),
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
    /// Starts the process, in a group of its own: a Ctrl-C in the terminal is
    /// for us, who then stop the server in good order.
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

    /// A server that somebody else started.
    pub(crate) fn adopted(pid: Pid) -> Self {
        Self { pid, child: None }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until it takes queries, or has given up.
    pub(crate) async fn wait_until_ready(&mut self, places: &Places) -> Result<(), Error> {
        let mut start = Start::begin(places);
        while !PidFile::read(&places.data).is_some_and(|file| file.pid == self.pid && file.ready) {
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
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Ends it, in good order if that can be had in time.
    pub(crate) async fn shut_down(&mut self, places: &Places) -> Result<(), Error> {
        for (signal, patience) in SHUTDOWNS {
            // A child that was waited for has no id: its pid may be another's.
            if self
                .child
                .as_ref()
                .is_some_and(|child| child.id().is_none())
            {
                return Ok(());
            }
            // Whether it is gone already is what the wait finds out.
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

    /// Waits until it is gone, whoever ended it.
    pub(crate) async fn ended(&mut self, data_dir: &Path) {
        if let Some(child) = &mut self.child {
            // An error means that there is no such child any more.
            let _ = child.wait().await;
            return;
        }
        while PidFile::read(data_dir).is_some_and(|file| file.pid == self.pid && is_alive(file.pid))
        {
            sleep(POLL).await;
        }
    }
}

/// A server's start, waited for as long as its log grows.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    places: &'a Places,
    said: u64,
    deadline: Instant,
}

impl<'a> Start<'a> {
    /// Begins to wait.
    pub(crate) fn begin(places: &'a Places) -> Self {
        Self {
            places,
            said: 0,
            deadline: Instant::now() + START_TIMEOUT,
        }
    }

    /// Whether the server has said nothing for too long.
    pub(crate) fn hangs(&mut self) -> bool {
        let said = fs::metadata(self.places.log()).map_or(0, |log| log.len());
        if said != self.said {
            self.said = said;
            self.deadline = Instant::now() + START_TIMEOUT;
        }
        Instant::now() >= self.deadline
    }

    /// The error of a start that hangs.
    pub(crate) fn timeout(&self) -> Error {
        Error::StartTimeout {
            seconds: START_TIMEOUT.as_secs(),
            log: log_tail(self.places),
        }
    }
}

/// An empty log, made anew: the last one may be of another user's making.
fn new_log(path: &Path) -> Result<File, Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).doing("remove", path),
        _ => File::create_new(path).doing("make", path),
    }
}

/// The last lines of the server's log, for an error to quote.
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
