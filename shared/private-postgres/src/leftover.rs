//! Recognises a server that was left running, and takes it over or stops it.
//! Refuses to believe the pid file: only a server that answers is one.

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
    postmaster::{POLL, PORT, Postmaster, Start},
};

/// How long a server may take to say whether it lives. One that is gone refuses
/// the connection at once; only a very busy machine takes longer than a moment.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The protocol's shortest question, its length and code: is there TLS here?
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A server that runs although the process that started it is gone.
#[derive(Debug)]
pub(crate) struct Leftover<'a> {
    places: &'a Places,
    pid: Pid,
}

impl<'a> Leftover<'a> {
    /// A pid alone proves nothing, it may have been given to another process;
    /// but the socket's directory is this data directory's own.
    pub(crate) async fn find(places: &'a Places) -> Option<Self> {
        let pid = PidFile::read(&places.data)?.pid;
        let socket = places.socket.join(format!(".s.PGSQL.{PORT}"));
        let answered = timeout(ANSWER_TIMEOUT, answers(&socket)).await;
        let lives = is_alive(pid) && matches!(answered, Ok(Ok(())));
        lives.then_some(Self { places, pid })
    }

    /// Whether its command line, which it keeps in a file, ends in these.
    pub(crate) fn was_started_with(&self, arguments: &[String]) -> bool {
        let quoted: String = arguments
            .iter()
            .map(|argument| format!(" \"{argument}\""))
            .collect();
        fs::read_to_string(self.places.data.join("postmaster.opts"))
            .is_ok_and(|line| line.trim_end().ends_with(&quoted))
    }

    /// Takes it over once it is ready; none if it was just about to stop.
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
                Some(_) => sleep(POLL).await,
            }
        }
    }

    /// Stops it, to make room for another.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        Postmaster::adopted(self.pid).shut_down(self.places).await
    }
}

/// A connection alone would not do: that of a server which is just being
/// killed is still accepted by the kernel.
async fn answers(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&SSL_REQUEST).await?;
    stream.read_u8().await.map(drop)
}
