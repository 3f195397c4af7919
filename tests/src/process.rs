//! Runs the real binary as an operator would.

use std::{
    ffi::OsStr,
    ops::Deref,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};
use uuid::Uuid;
use wangge_auth::issuer::Issuer;

use crate::site::{Signer, Site};

/// Returns the repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a parent")
        .to_owned()
}

/// Returns the folder of the golden data set.
pub fn golden() -> PathBuf {
    repository().join("tests/data/fuqiang")
}

/// Returns the binary: the one named by `WANGGE_BIN`, or the one of this build, which is
/// built first, since Cargo doesn't build a binary for the tests of another package.
///
/// # Panics
/// Panics if it can't be built.
/// When it can't be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("WANGGE_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// Builds the binary with this executable's profile; its path is
/// `<target>/<profile>/deps/e2e-…`.
fn build() -> PathBuf {
    let here = std::env::current_exe().expect("this executable");
    let profile = here.ancestors().nth(2).expect("a profile's folder");
    let target = profile.parent().expect("the target folder");
    let mut cargo = std::process::Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--bin",
        "wangge",
        "--target-dir",
    ]);
    cargo.arg(target).current_dir(repository());
    if profile.file_name() == Some(OsStr::new("release")) {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&built.stderr);
    let path = profile.join("wangge");
    assert!(
        built.status.success() && path.is_file(),
        "the program `wangge` could not be built, run `cargo build -p wangge`:\n{said}"
    );
    path
}

/// A data folder that is deleted on drop, along with the PostgreSQL in it.
#[derive(Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Creates a folder that PostgreSQL's own account can reach.
    ///
    /// # Panics
    /// Panics if it can't be created.
    pub fn new() -> Self {
        let name = format!("wangge-e2e-{}", Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Returns options for connecting to a database of the PostgreSQL in the folder.
    ///
    /// # Panics
    /// Panics if the server isn't running.
    pub fn database(&self, name: &str) -> sqlx::postgres::PgConnectOptions {
        let file = std::fs::read_to_string(self.0.join("postgres/postmaster.pid"));
        let socket = file
            .expect("PostgreSQL runs")
            .lines()
            .nth(4)
            .map(str::to_owned);
        sqlx::postgres::PgConnectOptions::new_without_pgpass()
            .socket(socket.expect("a socket"))
            .port(5432)
            .username("wangge")
            .database(name)
    }

    /// Returns the PostgreSQL that a killed process left behind.
    fn leftover(&self) -> Option<Pid> {
        let file = std::fs::read_to_string(self.0.join("postgres/postmaster.pid")).ok()?;
        let pid = file
            .lines()
            .next()?
            .trim()
            .parse()
            .ok()
            .and_then(Pid::from_raw)?;
        // The pid may have been reused by another process.
        let command = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
        String::from_utf8_lossy(&command)
            .contains(self.0.to_str()?)
            .then_some(pid)
    }
}

impl Default for DataDir {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for DataDir {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(pid) = self.leftover() {
            let _ = kill_process(pid, Signal::QUIT);
            for _ in 0..200 {
                if test_kill_process(pid).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lines that a process has written so far.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> (Self, JoinHandle<()>) {
        let lines = Self::default();
        let kept = lines.clone();
        let reading = tokio::spawn(async move {
            let mut reader = BufReader::new(stream).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                kept.0.lock().expect("no panic").push(line);
            }
        });
        (lines, reading)
    }

    /// Returns the first line for which `holds` returns true.
    ///
    /// # Panics
    /// Panics only if another thread has panicked.
    pub fn find(&self, holds: impl Fn(&str) -> bool) -> Option<String> {
        self.0
            .lock()
            .expect("no panic")
            .iter()
            .find(|line| holds(line))
            .cloned()
    }

    /// Returns all lines as one text.
    ///
    /// # Panics
    /// Panics only if another thread has panicked.
    pub fn text(&self) -> String {
        self.0.lock().expect("no panic").join("\n")
    }
}

/// A running `wangge up`, killed on drop.
#[derive(Debug)]
pub struct Wangge {
    child: Child,
    site: Site,
    /// Its standard output: data.
    pub stdout: Lines,
    /// Its standard error: logs and messages.
    pub stderr: Lines,
    reading: [JoinHandle<()>; 2],
}

impl Deref for Wangge {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Wangge {
    /// Starts the process on free ports and waits until its services respond.
    ///
    /// # Panics
    /// Panics if it exits before that.
    pub async fn up(
        data_dir: &DataDir,
        arguments: &[&OsStr],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::up_of(binary(), data_dir, arguments, environment).await
    }

    /// Like [`Self::up`], with another program.
    ///
    /// # Panics
    /// Panics if it exits before that.
    pub async fn up_of(
        program: &Path,
        data_dir: &DataDir,
        arguments: &[&OsStr],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = command(program);
        command
            .args(["up", "--first-port", "0", "--data-dir"])
            .arg(&**data_dir)
            .args(arguments);
        command.envs(environment.iter().copied());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let (stdout, reading_stdout) = Lines::of(child.stdout.take().expect("piped"));
        let (stderr, reading_stderr) = Lines::of(child.stderr.take().expect("piped"));
        while stderr
            .find(|line| line.starts_with("ready after"))
            .is_none()
        {
            if let Ok(Some(ended)) = child.try_wait() {
                panic!("wangge up ended with {ended}:\n{}", stderr.text());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let urls = crate::Service::ALL.map(|service| {
            let line = stderr.find(|line| line.split_whitespace().next() == Some(service.name()));
            let url = line
                .as_deref()
                .and_then(|line| line.split_whitespace().nth(1));
            url.expect("the service's address").to_owned()
        });
        let issuer = Issuer::load_or_generate(data_dir).expect("the development key");
        let site = Site::new(urls, Signer::Development(Arc::new(issuer)));
        Self {
            child,
            site,
            stdout,
            stderr,
            reading: [reading_stdout, reading_stderr],
        }
    }

    /// Returns its process id.
    ///
    /// # Panics
    /// Panics if it has exited.
    pub fn pid(&self) -> Pid {
        let id = self.child.id().expect("it runs");
        Pid::from_raw(id.cast_signed()).expect("a process id")
    }

    /// Waits for a line on standard error.
    pub async fn told(&self, holds: impl Fn(&str) -> bool) -> String {
        self.line(&self.stderr, holds).await
    }

    /// Waits for a line on standard output, without a timeout of its own: the process
    /// itself exits when it makes no progress.
    pub async fn printed(&self, holds: impl Fn(&str) -> bool) -> String {
        self.line(&self.stdout, holds).await
    }

    async fn line(&self, lines: &Lines, holds: impl Fn(&str) -> bool) -> String {
        loop {
            // Checked before the lines are searched: if it has ended, no line can be
            // added after the search.
            let ended = self.reading.iter().all(JoinHandle::is_finished);
            if let Some(found) = lines.find(&holds) {
                return found;
            }
            assert!(!ended, "wangge up has ended:\n{}", self.stderr.text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends SIGTERM and waits until the process has exited.
    ///
    /// # Panics
    /// Panics if it can't be signalled.
    pub async fn terminate(mut self) -> (ExitStatus, Lines) {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
        let ended = self.child.wait().await.expect("it ends");
        for reading in &mut self.reading {
            let _ = reading.await;
        }
        (ended, self.stderr.clone())
    }

    /// Waits until the process exits by itself.
    ///
    /// # Panics
    /// Panics if it can't be waited for.
    pub async fn ended(mut self) -> (ExitStatus, Lines) {
        let ended = self.child.wait().await.expect("it ends");
        for reading in &mut self.reading {
            let _ = reading.await;
        }
        (ended, self.stderr.clone())
    }

    /// Sends SIGKILL and waits until the process is gone.
    ///
    /// # Panics
    /// Panics if it can't be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }
}

/// The result of a finished command.
#[derive(Debug)]
pub struct Ended {
    /// Exit status of the process.
    pub status: ExitStatus,
    /// Everything written to standard output.
    pub stdout: String,
    /// Everything written to standard error.
    pub stderr: String,
}

/// Runs a command of the tool until it exits.
///
/// # Panics
/// Panics if it can't be run.
pub async fn run(arguments: &[&OsStr]) -> Ended {
    run_of(binary(), arguments).await
}

/// Like [`run`], with another program.
///
/// # Panics
/// Panics if it can't be run.
pub async fn run_of(program: &Path, arguments: &[&OsStr]) -> Ended {
    let output = command(program)
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .expect("it runs");
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Creates a command for a program, without settings from the test's environment.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if known.starts_with("WANGGE_") || known.starts_with("OTEL_") {
            command.env_remove(&name);
        }
    }
    command
}
