//! Stops the server if we die without being able to: a shell that reads from our end of a
//! pipe, which the kernel closes when we die for any reason. It only signals the server
//! whose pid it was sent.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::Pid;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin},
};

use crate::{Error, account::Account, cluster::Places, error::Doing, lock::Lock};

const SHELL: &str = "/bin/sh";

/// Each line of input is the server's pid, or `stopped` after a clean shutdown. End of
/// input without `stopped` means that we are dead. The pid file shows if the pid still
/// belongs to the server; a server that has just started may not have written it yet, so
/// the script retries.
const SCRIPT: &str = r#"
data=$1 socket=$2 lock=$3 remove=$4 pid=
while read -r line; do
    [ "$line" = stopped ] && exit 0
    pid=$line
done
runs() { [ -n "$pid" ] && [ "$(head -n 1 "$data/postmaster.pid")" = "$pid" ]; }
tries=10
until [ -z "$pid" ] || runs || [ "$tries" = 0 ]; do tries=$((tries - 1)); sleep 0.1; done
for signal in INT QUIT; do
    runs && kill -s "$signal" "$pid"
    tries=100
    while runs && [ "$tries" != 0 ]; do tries=$((tries - 1)); sleep 0.1; done
done
rm -f -- "$socket"/.s.PGSQL.*
rmdir -- "$socket"
[ "$remove" = yes ] && rm -rf -- "$data" "$lock"
"#;

/// The shell that waits for our death.
#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Spawns the watchdog. It is started before the server, so that no server is ever
    /// unguarded, and holds the lock as well: no other process can start until it has
    /// cleaned up.
    pub(crate) fn spawn(places: &Places, lock: &Lock, remove: bool) -> Result<Self, Error> {
        let mut child = Account::Ours
            .command(Path::new(SHELL))
            .args(["-c", SCRIPT, "wangge-postgres-watchdog"])
            .args([&places.data, &places.socket, &places.lock])
            .arg(if remove { "yes" } else { "no" })
            .stdin(Stdio::piped())
            .stdout(lock.share()?)
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal only reaches us: the watchdog must outlive us.
            .process_group(0)
            .spawn()
            .doing("run", SHELL)?;
        let pipe = child
            .stdin
            .take()
            .ok_or(std::io::ErrorKind::BrokenPipe)
            .doing("communicate with", SHELL)?;
        Ok(Self { child, pipe })
    }

    /// Sends the pid of the server to guard; the most recent one counts.
    pub(crate) async fn guard(&mut self, server: Pid) -> Result<(), Error> {
        let line = format!("{}\n", server.as_raw_nonzero());
        self.pipe
            .write_all(line.as_bytes())
            .await
            .doing("communicate with", PathBuf::from(SHELL))
    }

    /// Dismisses the watchdog after the server has been stopped, and waits until it exits.
    pub(crate) async fn dismiss(mut self) {
        if let Err(error) = self.pipe.write_all(b"stopped\n").await {
            tracing::warn!(%error, "the watchdog had already exited");
        }
        if let Err(error) = self.child.wait().await {
            tracing::warn!(%error, "could not wait for the watchdog to exit");
        }
    }
}
