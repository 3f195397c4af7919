//! The directory of the server's unix socket: short enough for the kernel's limit on
//! socket paths, and inaccessible to other users. A directory that another user has
//! created at its path is rejected.

use std::{
    fs::{self, DirBuilder, Permissions},
    io::ErrorKind,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use crate::{Error, account::Account, error::Doing};

/// Returns the socket directory for a data directory. It is deterministic, so that a
/// server that was left running can be found again.
pub(crate) fn dir_for(data_dir: &Path) -> PathBuf {
    PathBuf::from(format!(
        "/tmp/wangge-{:016x}",
        fnv1a(data_dir.as_os_str().as_bytes())
    ))
}

/// FNV-1a: the standard library's hash isn't stable across compiler versions.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Creates the directory, or checks that an existing one is ours.
pub(crate) fn prepare(dir: &Path, account: &Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check(dir, account)?,
        made => made.doing("create", dir)?,
    }
    // An existing directory may have been created with wider permissions.
    fs::set_permissions(dir, Permissions::from_mode(0o700)).doing("restrict access to", dir)?;
    account.give(dir)
}

/// Checks an existing directory: anyone can create a symlink or a directory in /tmp.
fn check(dir: &Path, account: &Account) -> Result<(), Error> {
    // Not `metadata`, which would follow a symlink.
    let found = fs::symlink_metadata(dir).doing("inspect", dir)?;
    if !found.is_dir() {
        return Err(Error::UnusablePath {
            path: dir.into(),
            reason: "its socket directory is not a directory",
        });
    }
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != account.uid() && found.uid() != us {
        return Err(Error::ForeignOwner {
            path: dir.into(),
            owner: found.uid(),
        });
    }
    Ok(())
}

/// Removes the directory, which is empty once the server has stopped.
pub(crate) fn remove(dir: &Path) {
    if let Err(error) = fs::remove_dir(dir) {
        tracing::debug!(dir = %dir.display(), %error, "the socket directory could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_stable_and_short() {
        let dir = dir_for(Path::new("a"));
        assert_eq!(dir, Path::new("/tmp/wangge-af63dc4c8601ec8c"));
        assert!(dir.as_os_str().len() < 90);
    }
}
