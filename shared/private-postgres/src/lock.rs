//! Makes sure that one process at a time works with a data directory. The
//! kernel frees the lock of a dead process, so none can be left behind.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
};
use tokio::time::{Instant, sleep};

use crate::{Error, account::Account, error::Doing};

/// The holder may be about to go: its server takes a moment to stop.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// The right to use a data directory, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(crate) async fn acquire(path: &Path) -> Result<Self, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = Self::try_acquire(path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                return Err(Error::InUse {
                    path: path.into(),
                    holder: holder(path),
                });
            }
            sleep(PAUSE).await;
        }
    }

    fn try_acquire(path: &Path) -> Result<Option<Self>, Error> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            // Root writes here too: not through a link somebody laid out.
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .doing("open", path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error).doing("lock", path),
        }
        // The holder before us may have removed the file while we opened it:
        // then we hold the lock of a file that nobody else will ever see.
        if !is_still_at(&file, path) {
            return Ok(None);
        }
        file.set_len(0).doing("write", path)?;
        write!(file, "{}", std::process::id()).doing("write", path)?;
        Ok(Some(Self {
            path: path.into(),
            file,
        }))
    }

    /// Hands the file to whom the data belongs to, who may be next to start.
    pub(crate) fn give_to(&self, account: &Account) -> Result<(), Error> {
        match account.ids() {
            Some((uid, gid)) => {
                fchown(&self.file, Some(uid), Some(gid)).doing("change the owner of", &self.path)
            }
            None => Ok(()),
        }
    }

    /// A second handle on the lock, for a child process to hold it as well.
    pub(crate) fn share(&self) -> Result<Stdio, Error> {
        Ok(self.file.try_clone().doing("share", &self.path)?.into())
    }

    /// Removes the lock file, while still holding it.
    pub(crate) fn remove(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the lock file could not be removed");
        }
    }
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn holder(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
