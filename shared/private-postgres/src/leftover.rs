//! Detects a server that was left running, and adopts or stops it. The pid file alone is
//! no proof: only a server that responds counts.

use std::{fs, io, path::Path, time::Duration};

use rustix::process::Pid;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{sleep, timeout},
};

use crate::{
    Error,
    cluster::Places,
    pid_file::{PidFile, is_alive},
    postmaster::{POLL_INTERVAL, PORT, Postmaster, Start},
};

/// Timeout for the probe. If the server is gone, the connection is refused at once; only
/// a very busy machine takes longer than a moment.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// The shortest message of the protocol, an `SSLRequest`: its length and request code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A server that keeps running although the process that started it is gone.
#[derive(Debug)]
pub(crate) struct Leftover<'a> {
    places: &'a Places,
    pid: Pid,
}

impl<'a> Leftover<'a> {
    /// Finds a live server. A pid alone proves nothing, since it may have been reused by
    /// another process; the socket's directory, however, belongs to this data directory
    /// only.
    pub(crate) async fn find(places: &'a Places) -> Option<Self> {
        let pid = PidFile::read(&places.data)?.pid;
        let socket = places.socket.join(format!(".s.PGSQL.{PORT}"));
        let answered = timeout(PROBE_TIMEOUT, answers(&socket)).await;
        let lives = is_alive(pid) && matches!(answered, Ok(Ok(())));
        lives.then_some(Self { places, pid })
    }

    /// Returns true if the server's command line, which it stores in a file, ends with
    /// `arguments`.
    pub(crate) fn was_started_with(&self, arguments: &[String]) -> bool {
        let quoted: String = arguments
            .iter()
            .map(|argument| format!(" \"{argument}\""))
            .collect();
        fs::read_to_string(self.places.data.join("postmaster.opts"))
            .is_ok_and(|line| line.trim_end().ends_with(&quoted))
    }

    /// Adopts the server once it is ready; returns none if it was just stopping.
    pub(crate) async fn adopt(self) -> Result<Option<Postmaster>, Error> {
        let mut start = Start::begin(self.places);
        loop {
            match PidFile::read(&self.places.data)
                .filter(|file| file.pid == self.pid && is_alive(file.pid))
            {
                None => return Ok(None),
                Some(file) if file.ready => {
                    return Ok(Some(Postmaster::adopted(self.pid)));
                }
                Some(_) if start.hangs() => return Err(start.timeout()),
                Some(_) => sleep(POLL_INTERVAL).await,
            }
        }
    }

    /// Stops the server, so that another can start.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        Postmaster::adopted(self.pid).shut_down(self.places).await
    }
}

/// Sends an `SSLRequest` and waits for the reply. Connecting isn't enough: the kernel
/// still accepts connections for a server that is being killed.
async fn answers(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&SSL_REQUEST).await?;
    stream.read_u8().await.map(drop)
}
