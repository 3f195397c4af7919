//! An exclusive lock on a data directory, by `flock`. The kernel releases the lock when
//! its holder dies, so there are no stale locks.

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

/// Timeout for acquiring the lock: the holder may be about to exit, and its server takes
/// a moment to stop.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// An exclusive lock on a data directory, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Acquires the lock, or returns an error that names its holder.
    pub(crate) async fn acquire(path: &Path) -> Result<Self, Error> {
        let deadline = Instant::now() + LOCK_TIMEOUT;
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
            sleep(POLL_INTERVAL).await;
        }
    }

    fn try_acquire(path: &Path) -> Result<Option<Self>, Error> {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            // We may be root here: don't follow a symlink that another user has put in
            // place.
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
            .doing("open", path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error).doing("lock", path),
        }
        // The previous holder may have removed the file between our open and flock. Our
        // lock would then be on an inode that no other process can open.
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

    /// Changes the file's owner to that of the data: its next user may run as that
    /// account.
    pub(crate) fn give_to(&self, account: &Account) -> Result<(), Error> {
        match account.ids() {
            Some((uid, gid)) => {
                fchown(&self.file, Some(uid), Some(gid)).doing("change the owner of", &self.path)
            }
            None => Ok(()),
        }
    }

    /// Duplicates the lock's file descriptor, so that a child process holds the lock as
    /// well.
    pub(crate) fn share(&self) -> Result<Stdio, Error> {
        Ok(self.file.try_clone().doing("share", &self.path)?.into())
    }

    /// Removes the lock file while still holding the lock.
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
