//! Finds the PostgreSQL installation on this machine. It never installs one, and rejects
//! versions that are too old for our queries.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Error;

/// The oldest supported major version.
pub(crate) const MINIMUM_MAJOR: u32 = 15;

/// Where packages install one directory per major version: the parent directory, and the
/// prefix of the directory's name before the version.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// Returns the directory that contains `initdb`, `postgres` and `pg_ctl`.
///
/// `WANGGE_POSTGRES_BIN` takes precedence if set; otherwise the newest packaged version,
/// then the one that `pg_config` names, then `PATH`.
pub fn find_binaries() -> Result<PathBuf, Error> {
    if let Some(named) = env::var_os("WANGGE_POSTGRES_BIN").filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        return if has_programs(&named) {
            Ok(named)
        } else {
            Err(Error::NotABinaryDir(named))
        };
    }
    newest_packaged()
        .or_else(|| named_by_pg_config().filter(|dir| is_recent(dir)))
        .or_else(|| on_path().find(|dir| is_recent(dir)))
        .ok_or(Error::NotInstalled)
}

fn has_programs(dir: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"]
        .iter()
        .all(|program| dir.join(program).is_file())
}

fn newest_packaged() -> Option<PathBuf> {
    VERSIONED
        .iter()
        .flat_map(|(parent, prefix)| versions_in(Path::new(parent), prefix))
        .filter(|(major, dir)| *major >= MINIMUM_MAJOR && has_programs(dir))
        .max()
        .map(|(_, dir)| dir)
}

fn versions_in(parent: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let major = name.strip_prefix(prefix)?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect()
}

fn named_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    has_programs(&dir).then_some(dir)
}

fn on_path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = env::split_paths(&path)
        .filter(|dir| has_programs(dir))
        .collect();
    dirs.into_iter()
}

/// Checks the version by running the program: outside of versioned directories the path
/// doesn't contain it.
fn is_recent(dir: &Path) -> bool {
    let Ok(output) = Command::new(dir.join("postgres")).arg("--version").output() else {
        return false;
    };
    major_of(&String::from_utf8_lossy(&output.stdout)).is_some_and(|major| major >= MINIMUM_MAJOR)
}

/// Parses `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` or `… 18beta2`.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    let end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(major_of("postgres"), None);
    }
}
