//! Stops the server when we die without a chance to: a shell that reads from
//! a pipe of ours, which the kernel closes for us however we end. Refuses to
//! act on a server that is not the one it was told to guard.

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

/// A line is the server's pid, or word that all is well; the end of the input
/// without that word says that we are dead. The server's own pid file tells
/// whether the pid is still the server's; a young server has yet to write it.
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

/// The shell that waits for our end.
#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Starts it before the server, so that no server is ever without. It
    /// holds the lock too: until it has cleaned up after us, nobody starts.
    pub(crate) fn spawn(places: &Places, lock: &Lock, remove: bool) -> Result<Self, Error> {
        let mut child = Account::Ours
            .command(Path::new(SHELL))
            .args(["-c", SCRIPT, "wangge-postgres-watchdog"])
            .args([&places.data, &places.socket, &places.lock])
            .arg(if remove { "yes" } else { "no" })
            .stdin(Stdio::piped())
            .stdout(lock.share()?)
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal is for us: the watchdog outlives it.
            .process_group(0)
            .spawn()
            .doing("run", SHELL)?;
        let pipe = child
            .stdin
            .take()
            .ok_or(std::io::ErrorKind::BrokenPipe)
            .doing("talk to", SHELL)?;
        Ok(Self { child, pipe })
    }

    /// Tells it which server to stop; the last one told counts.
    pub(crate) async fn guard(&mut self, server: Pid) -> Result<(), Error> {
        let line = format!("{}\n", server.as_raw_nonzero());
        self.pipe
            .write_all(line.as_bytes())
            .await
            .doing("talk to", PathBuf::from(SHELL))
    }

    /// Sends it away: the server has been stopped.
    pub(crate) async fn dismiss(mut self) {
        if let Err(error) = self.pipe.write_all(b"stopped\n").await {
            tracing::warn!(%error, "the watchdog was gone already");
        }
        if let Err(error) = self.child.wait().await {
            tracing::warn!(%error, "the watchdog's end was not seen");
        }
    }
}
