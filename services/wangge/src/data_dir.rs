//! The folder where `wangge up` stores its private PostgreSQL and its development key.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

/// Location of local data.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirArgs {
    /// Folder of the private PostgreSQL and the development key. Default: /var/lib/wangge for
    /// root, otherwise a folder in the home or in /var/tmp.
    #[arg(long, env = "WANGGE_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDirArgs {
    /// Returns the folder's path.
    pub(crate) fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_path)
    }

    /// Returns the folder's path; creates the folder if necessary.
    pub(crate) fn made(&self) -> Result<PathBuf> {
        make(self.path())
    }
}

/// Creates a folder and its parents.
pub(crate) fn make(path: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}

/// Returns a folder whose parents PostgreSQL's own account can enter, which is not the
/// case in root's home.
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
    // The standard library has no `geteuid`, and `unsafe` is forbidden here.
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
