//! Everything that can go wrong, said so that the reader knows what to do.
//! Refuses to hide a cause: a failed start carries the server's own words.

use std::{io, path::PathBuf};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable PostgreSQL on this machine.
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

    /// The environment names a directory without the programs.
    #[error("WANGGE_POSTGRES_BIN is {}, where initdb, postgres and pg_ctl are not all found", .0.display())]
    NotABinaryDir(PathBuf),

    /// The data directory's path can't be used at all.
    #[error("{} can't be a data directory: {reason}", path.display())]
    UnusablePath {
        /// The path as given.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// Another live process works with this data directory.
    #[error("{} is already in use by another process{}", path.display(), holder.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse {
        /// The lock file both want.
        path: PathBuf,
        /// Who holds it, when it could be told.
        holder: Option<u32>,
    },

    /// Started as root, but there is no lesser account to run the server.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user postgres nor nobody to run it as"
    )]
    NoAccount,

    /// Started as root, with a data directory the lesser account can't get to.
    #[error(
        "PostgreSQL does not run as root but as {account}, who may not enter {}: \
         choose a data directory outside of it (asked for: {})",
        closed.display(), data_dir.display()
    )]
    Unreachable {
        /// The account the server would run as.
        account: String,
        /// The data directory asked for.
        data_dir: PathBuf,
        /// The parent that is closed to the account.
        closed: PathBuf,
    },

    /// The data belongs to somebody else.
    #[error("{} belongs to another user (uid {owner}): run as that user, or choose another data directory", path.display())]
    ForeignOwner {
        /// The data or socket directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },

    /// The directory has files in it, but not those of a database.
    #[error("{} is not empty and holds no PostgreSQL data: it is left alone", .0.display())]
    NotACluster(PathBuf),

    /// The data directory could not be made.
    #[error("initdb failed:\n{output}")]
    Initdb {
        /// What initdb said.
        output: String,
    },

    /// The server ended before it was ready.
    #[error("PostgreSQL did not start; the end of its log says:\n{log}")]
    StartFailed {
        /// The last lines of the server's log.
        log: String,
    },

    /// The server was not ready in time.
    #[error(
        "PostgreSQL has not become ready, and has said nothing for {seconds} s; the end of its log says:\n{log}"
    )]
    StartTimeout {
        /// How long it has said nothing.
        seconds: u64,
        /// The last lines of the server's log.
        log: String,
    },

    /// The server would not end.
    #[error("PostgreSQL (pid {pid}) did not stop, not even when told to do so immediately")]
    StopTimeout {
        /// The server's process.
        pid: i32,
    },

    /// The operating system refused something.
    #[error("can't {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Says what was being done, and to what, when the system refused.
pub(crate) trait Doing<T> {
    /// Wraps the system's error with `action` and `path`.
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
