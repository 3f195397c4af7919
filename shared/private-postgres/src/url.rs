//! Builds connection URLs for a server behind a unix socket. They never contain a
//! password: access is restricted by the permissions of the socket's directory.

use std::{fmt::Write, os::unix::ffi::OsStrExt, path::Path};

use crate::postmaster::{PORT, SUPERUSER};

/// Returns the URL of a database. `localhost` is only a placeholder: the parameter `host`
/// overrides it, and is how both sqlx and libpq accept a directory.
pub(crate) fn of(socket_dir: &Path, database: &str) -> String {
    let directory = escaped(socket_dir.as_os_str().as_bytes());
    let database = escaped(database.as_bytes());
    format!("postgres://{SUPERUSER}@localhost/{database}?host={directory}&port={PORT}")
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_directory_becomes_a_parameter() {
        assert_eq!(
            of(Path::new("/tmp/wangge-1a"), "网格 1"),
            "postgres://wangge@localhost/%E7%BD%91%E6%A0%BC%201?host=%2Ftmp%2Fwangge-1a&port=5432"
        );
    }
}
