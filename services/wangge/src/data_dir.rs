//! The local data directory, where `wangge up` stores its private PostgreSQL and its
//! development key.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

/// The argument for the local data directory.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirArgs {
    /// Directory of the private PostgreSQL and the development key. Defaults to
    /// /var/lib/wangge for root, otherwise to a directory in the home or in /var/tmp.
    #[arg(long, env = "WANGGE_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDirArgs {
    /// Returns the path of the directory, which may not exist yet.
    pub(crate) fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_path)
    }

    /// Creates the directory if it doesn't exist, and returns its path.
    pub(crate) fn made(&self) -> Result<PathBuf> {
        make(self.path())
    }
}

/// Creates a directory with its parents, unless it exists.
pub(crate) fn make(path: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(path)
}

/// Returns a directory whose parents are accessible to PostgreSQL's own account, which
/// root's home is not.
fn default_path() -> PathBuf {
    if is_root() {
        return PathBuf::from("/var/lib/wangge");
    }
    let home = std::env::var_os("HOME").filter(|home| Path::new(home).is_dir());
    match home {
        Some(home) => Path::new(&home).join(".local/share/wangge"),
        None => {
            let user = std::env::var("USER").unwrap_or_else(|_| "user".to_owned());
            PathBuf::from(format!("/var/tmp/wangge-{user}"))
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // The standard library has no `getuid`; /proc/self belongs to the process's user.
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
