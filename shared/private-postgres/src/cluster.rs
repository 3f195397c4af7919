//! The files of a server: their paths, creation and removal. It never touches a directory
//! that contains anything but PostgreSQL data.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::{Error, account::Account, error::Doing, postmaster::SUPERUSER, socket};

/// All paths that a server uses.
#[derive(Debug)]
pub(crate) struct Places {
    /// The data directory, as an absolute UTF-8 path.
    pub(crate) data: PathBuf,
    /// The lock file next to it.
    pub(crate) lock: PathBuf,
    /// The directory in which initdb runs, renamed when complete.
    draft: PathBuf,
    /// The directory of the unix socket.
    pub(crate) socket: PathBuf,
}

impl Places {
    /// Resolves the paths for a data directory, which need not exist, and creates its
    /// parents.
    pub(crate) fn of(data_dir: &Path) -> Result<Self, Error> {
        let unusable = |reason| Error::UnusablePath {
            path: data_dir.into(),
            reason,
        };
        let absolute = std::path::absolute(data_dir).doing("resolve", data_dir)?;
        let name = absolute
            .file_name()
            .ok_or_else(|| unusable("it has no file name"))?;
        let parent = absolute
            .parent()
            .ok_or_else(|| unusable("it has no parent"))?;
        fs::create_dir_all(parent).doing("create", parent)?;
        // Only the parent is canonicalised, since the data directory itself may not exist
        // yet.
        let data = parent.canonicalize().doing("resolve", parent)?.join(name);
        let text = data
            .to_str()
            .ok_or_else(|| unusable("its path is not UTF-8"))?;
        Ok(Self {
            lock: format!("{text}.lock").into(),
            draft: format!("{text}.draft").into(),
            socket: socket::dir_for(&data),
            data,
        })
    }

    /// Returns the path of the log, which starts empty at each start of the server.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.join("server.log")
    }
}

/// Creates the data directory unless it exists. Creation is atomic: an interrupted initdb
/// leaves only a draft, which the next call deletes.
pub(crate) async fn ensure(
    places: &Places,
    binaries: &Path,
    account: &Account,
    durable: bool,
) -> Result<(), Error> {
    if places.data.join("PG_VERSION").is_file() {
        return Ok(());
    }
    if !is_missing_or_empty(&places.data)? {
        return Err(Error::NotACluster(places.data.clone()));
    }
    remove_dir(&places.draft).await?;
    DirBuilder::new()
        .mode(0o700)
        .create(&places.draft)
        .doing("create", &places.draft)?;
    account.give(&places.draft)?;
    initdb(&places.draft, binaries, account, durable).await?;
    // The rename publishes the directory complete, with `PG_VERSION` in it.
    fs::rename(&places.draft, &places.data).doing("move into place", &places.data)
}

fn is_missing_or_empty(dir: &Path) -> Result<bool, Error> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).doing("read", dir),
    }
}

/// Runs initdb with collation by code point and character classes that include Chinese:
/// with plain C, `'富' ~ '\w'` would be false.
async fn initdb(
    dir: &Path,
    binaries: &Path,
    account: &Account,
    durable: bool,
) -> Result<(), Error> {
    let mut command = account.command(&binaries.join("initdb"));
    command
        .arg("--pgdata")
        .arg(dir)
        .args(["--username", SUPERUSER])
        .args([
            "--encoding=UTF8",
            "--text-search-config=simple",
            "--no-instructions",
        ])
        .args(["--auth-local=trust", "--auth-host=reject"]);
    if cfg!(target_os = "macos") {
        // macOS has no C.UTF-8 before version 15.
        command.args([
            "--lc-collate=C",
            "--lc-ctype=en_US.UTF-8",
            "--lc-messages=C",
        ]);
    } else {
        command.arg("--locale=C.UTF-8");
    }
    if !durable {
        command.arg("--no-sync");
    }
    let output = command
        .output()
        .await
        .doing("run", binaries.join("initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Error::Initdb {
        output: String::from_utf8_lossy(&said).trim().to_owned(),
    })
}

/// Removes the data of a stopped server.
pub(crate) async fn remove(places: &Places) -> Result<(), Error> {
    remove_dir(&places.data).await
}

async fn remove_dir(dir: &Path) -> Result<(), Error> {
    match tokio::fs::remove_dir_all(dir).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.doing("remove", dir),
    }
}
