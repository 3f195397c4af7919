//! Error types. Each message states what the user can do, and a failed start includes the
//! server's own log.

use std::{io, path::PathBuf};

/// The reason why a server can't be started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// PostgreSQL isn't installed, or only in a version that is too old.
    #[error(
        "PostgreSQL {minimum} or newer is not installed (looked for initdb, postgres and pg_ctl).\n\
         Install it:\n  \
         Debian, Ubuntu: apt-get install postgresql\n  \
         Fedora:         dnf install postgresql-server\n  \
         macOS:          brew install postgresql@17\n\
         or set WANGGE_POSTGRES_BIN to the directory its programs are in",
        minimum = crate::binaries::MINIMUM_MAJOR
    )]
    NotInstalled,

    /// `WANGGE_POSTGRES_BIN` names a directory without the programs.
    #[error("WANGGE_POSTGRES_BIN is {}, which does not contain all of initdb, postgres and pg_ctl", .0.display())]
    NotABinaryDir(PathBuf),

    /// The path can't be used as a data directory at all.
    #[error("{} can't be used as a data directory: {reason}", path.display())]
    UnusablePath {
        /// The path as passed by the caller.
        path: PathBuf,
        /// The reason why it is unusable.
        reason: &'static str,
    },

    /// Another live process uses this data directory.
    #[error("{} is already in use by another process{}", path.display(), holder.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse {
        /// The lock file that both want.
        path: PathBuf,
        /// Pid of the holder, if it could be read.
        holder: Option<u32>,
    },

    /// Running as root, but there is no unprivileged account for the server.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither of the users `postgres` \
         and `nobody` to run it as"
    )]
    NoAccount,

    /// Running as root, with a data directory that the unprivileged account can't reach.
    #[error(
        "PostgreSQL runs as {account} instead of root, and can't enter {}: choose a data \
         directory outside of it (requested: {})",
        closed.display(), data_dir.display()
    )]
    Unreachable {
        /// The account that the server would run as.
        account: String,
        /// The requested data directory.
        data_dir: PathBuf,
        /// The parent directory that the account may not enter.
        closed: PathBuf,
    },

    /// The directory belongs to another user.
    #[error("{} belongs to another user (uid {owner}): run as that user, or choose another data directory", path.display())]
    ForeignOwner {
        /// The data directory or socket directory.
        path: PathBuf,
        /// The uid of its owner.
        owner: u32,
    },

    /// The directory is not empty, and contains no PostgreSQL data.
    #[error("{} is not empty and contains no PostgreSQL data: choose another data directory", .0.display())]
    NotACluster(PathBuf),

    /// The data directory could not be created.
    #[error("initdb failed:\n{output}")]
    Initdb {
        /// Output of initdb, from stdout and stderr.
        output: String,
    },

    /// The server exited before it was ready.
    #[error("PostgreSQL did not start; the end of its log:\n{log}")]
    StartFailed {
        /// The last lines of the server's log.
        log: String,
    },

    /// The server was not ready in time.
    #[error(
        "PostgreSQL did not become ready, and logged nothing for {seconds} s; the end of its \
         log:\n{log}"
    )]
    StartTimeout {
        /// Seconds without log output.
        seconds: u64,
        /// The last lines of the server's log.
        log: String,
    },

    /// The server didn't exit after an immediate shutdown.
    #[error("PostgreSQL (pid {pid}) did not stop, even after an immediate shutdown")]
    StopTimeout {
        /// Pid of the server's main process.
        pid: i32,
    },

    /// An operation on a file or program failed.
    #[error("can't {action} {}: {cause}", path.display())]
    Io {
        /// The attempted operation, as a verb.
        action: &'static str,
        /// The file or program it was attempted on.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
}

/// Adds the failed operation and its object to an error of the operating system.
pub(crate) trait Doing<T> {
    /// Wraps the error with `action` and `path`.
    fn doing(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|error| Error::Io {
            action,
            path: path.into(),
            cause: error.into(),
        })
    }
}
