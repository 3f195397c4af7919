//! Finds the PostgreSQL that is installed on this machine.
//! Refuses to install one, and to take one too old for our queries.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Error;

/// The oldest major version our SQL is written for.
pub(crate) const MINIMUM_MAJOR: u32 = 15;

/// Where packages put one directory per major version: the folder to look in,
/// and what stands before the version in the directory's name.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// The directory with `initdb`, `postgres` and `pg_ctl` in it.
///
/// `WANGGE_POSTGRES_BIN` decides when it is set; else the newest version that
/// a package installed, then what `pg_config` names, then `PATH`.
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

/// Outside of versioned directories only the program itself knows its age.
fn is_recent(dir: &Path) -> bool {
    let Ok(output) = Command::new(dir.join("postgres")).arg("--version").output() else {
        return false;
    };
    major_of(&String::from_utf8_lossy(&output.stdout)).is_some_and(|major| major >= MINIMUM_MAJOR)
}

/// Reads `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, `… 18beta2`.
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
