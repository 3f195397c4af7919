//! Where `wangge up` keeps its private PostgreSQL and its development key.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

/// Where local data lie.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirArgs {
    /// Folder of the private PostgreSQL and the development key. By default
    /// /var/lib/wangge for root, else a folder in the home or in /var/tmp.
    #[arg(long, env = "WANGGE_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDirArgs {
    /// The folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_path)
    }

    /// The folder, made if need be.
    pub(crate) fn made(&self) -> Result<PathBuf> {
        make(self.path())
    }
}

/// Makes a folder.
pub(crate) fn make(path: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}

/// A folder whose parents PostgreSQL's own account can enter, which it can't
/// in root's home.
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
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
