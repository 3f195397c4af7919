//! The directory of the server's unix socket: short enough for the kernel's
//! limit on socket paths, and closed to every other user. Refuses to use a
//! directory that somebody else has put in its place.

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

/// Where the socket of a data directory is. Always the same for the same
/// directory, so that a server left running is found again.
pub(crate) fn dir_for(data_dir: &Path) -> PathBuf {
    PathBuf::from(format!(
        "/tmp/wangge-{:016x}",
        fnv1a(data_dir.as_os_str().as_bytes())
    ))
}

/// FNV-1a: the standard library's hash may change between compilers.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Makes the directory, or checks that the one there is ours.
pub(crate) fn prepare(dir: &Path, account: &Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check(dir, account)?,
        made => made.doing("make", dir)?,
    }
    fs::set_permissions(dir, Permissions::from_mode(0o700)).doing("close to others", dir)?;
    account.give(dir)
}

/// Anybody can put anything into /tmp: a link, or a directory of their own.
fn check(dir: &Path, account: &Account) -> Result<(), Error> {
    let found = fs::symlink_metadata(dir).doing("look at", dir)?;
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

/// Removes the directory, which a stopped server leaves empty.
pub(crate) fn remove(dir: &Path) {
    if let Err(error) = fs::remove_dir(dir) {
        tracing::debug!(dir = %dir.display(), %error, "the socket directory stays");
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
