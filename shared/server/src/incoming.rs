//! Accepts client connections, up to a limit, and closes those that don't begin to speak
//! in time. The first bytes tell the protocol: HTTP/2 goes on to the transport, whose
//! keepalive detects dead peers, and everything else is left to [`Http1`].

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt as _, stream};
use opentelemetry::global::meter;
use prost::bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::http1::Http1;

/// The client's connection preface of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Timeout for what a connection opens with: the preface, or the head of a request.
pub(crate) const OPENING_TIMEOUT: Duration = Duration::from_secs(10);
/// Delay after a failed accept: the process may be out of file descriptors, and an
/// immediate retry would fail again.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts at most `limit` connections at a time, those over HTTP/1.1 included; others
/// wait in the kernel's accept queue until one is closed. Returns those over HTTP/2.
pub(crate) fn incoming(
    listener: TcpListener,
    limit: usize,
    http1: Http1,
) -> impl Stream<Item = io::Result<Connection>> {
    accepted(listener, limit)
        .map(|connection| opened(connection, OPENING_TIMEOUT))
        // No connection waits for another one's opening.
        .buffer_unordered(limit)
        .filter_map(move |opened| {
            let http2 = match opened {
                Ok((Protocol::Http2, connection)) => Some(Ok(connection)),
                Ok((Protocol::Http1, connection)) => {
                    http1.serve(connection);
                    None
                }
                // Closed or silent: nobody is there to be told.
                Err(_) => None,
            };
            std::future::ready(http2)
        })
}

fn accepted(listener: TcpListener, limit: usize) -> impl Stream<Item = Connection> {
    let places = Arc::new(Semaphore::new(limit));
    let free = places.clone();
    meter("wangge")
        .u64_observable_gauge("wangge.connections.open")
        .with_description("Connections of clients.")
        .with_callback(move |to| {
            let open = limit.saturating_sub(free.available_permits());
            to.observe(u64::try_from(open).unwrap_or(u64::MAX), &[]);
        })
        .build();
    stream::unfold((listener, places), move |(listener, places)| async move {
        // Acquired before accepting, so that excess connections stay in the kernel's
        // queue and cost no file descriptor. Fails only for a closed semaphore; this one
        // is never closed.
        let place = places.clone().acquire_owned().await.ok()?;
        let connection = Connection {
            stream: accept(|| listener.accept()).await,
            opening: BytesMut::new(),
            _place: place,
        };
        Some((connection, (listener, places)))
    })
}

async fn accept<F: Future<Output = io::Result<(TcpStream, SocketAddr)>>>(
    mut next: impl FnMut() -> F,
) -> TcpStream {
    let mut failing = false;
    loop {
        match next().await {
            Ok((stream, _)) => {
                // Only affects latency, so a failure is ignored.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                // Logged once per outage: the loop retries ten times a second.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "can't accept connections");
                }
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// Reads what a connection opens with, at most until `limit`.
async fn opened(mut connection: Connection, limit: Duration) -> io::Result<(Protocol, Connection)> {
    let protocol = tokio::time::timeout(limit, connection.open()).await??;
    Ok((protocol, connection))
}

/// A client connection that holds one of the limited places until it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// The first bytes, which were read to tell the protocol and are read again when the
    /// connection is served.
    opening: BytesMut,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Returns the socket, for its options.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads until the protocol is known: HTTP/2 once the whole preface has arrived,
    /// HTTP/1.1 at the first byte that isn't the preface's.
    async fn open(&mut self) -> io::Result<Protocol> {
        while self.opening.len() < PREFACE.len() {
            let missing = PREFACE.len() - self.opening.len();
            // Not a byte more, so that what stays to be read again is short.
            let mut limited = (&mut self.stream).take(u64::try_from(missing).unwrap_or(1));
            if limited.read_buf(&mut self.opening).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !PREFACE.starts_with(&self.opening) {
                return Ok(Protocol::Http1);
            }
        }
        Ok(Protocol::Http2)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.opening.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.opening.len().min(buffer.remaining());
        buffer.put_slice(&self.opening[..length]);
        self.opening.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    async fn pair() -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let connections = accepted(listener, 1);
        let connection = std::pin::pin!(connections).next().await.unwrap();
        (client, connection)
    }

    #[tokio::test]
    async fn a_connection_that_says_too_little_is_given_up() {
        for said in [&b""[..], &PREFACE[..PREFACE.len() - 1]] {
            let (mut client, connection) = pair().await;
            client.write_all(said).await.unwrap();
            let given_up = opened(connection, Duration::from_millis(1)).await.err();
            assert_eq!(given_up.unwrap().kind(), io::ErrorKind::TimedOut);
        }
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_protocol_and_are_read_again() {
        for (said, protocol) in [
            (
                &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand frames"[..],
                Protocol::Http2,
            ),
            (b"POST / HTTP/1.1\r\n\r\n", Protocol::Http1),
            (b"PRI * HTTP/1.1\r\n\r\n", Protocol::Http1),
            (b"\x16\x03\x01", Protocol::Http1),
        ] {
            let (mut client, connection) = pair().await;
            let speaking = async {
                // Byte for byte: the decision may need several reads.
                for byte in said {
                    client.write_all(&[*byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
                client.shutdown().await.unwrap();
            };
            let ((), opened) =
                tokio::join!(speaking, opened(connection, Duration::from_secs(3600)));
            let (found, mut connection) = opened.unwrap();
            assert_eq!(found, protocol);
            let mut read = Vec::new();
            connection.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, said);
        }
    }

    /// As when the process is out of file descriptors: it retries, but not at once.
    #[tokio::test]
    async fn a_failed_accept_is_tried_again_after_a_pause() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let client = client.await.unwrap();
        let begun = std::time::Instant::now();
        let failures = std::cell::Cell::new(3_u32);
        let stream = accept(|| {
            let fails = failures.get() > 0;
            failures.set(failures.get().saturating_sub(1));
            let listener = &listener;
            async move {
                if fails {
                    // EMFILE.
                    return Err(io::Error::from_raw_os_error(24));
                }
                listener.accept().await
            }
        });
        let stream = stream.await;
        assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
        // A lower bound holds on any machine, however slow.
        assert!(begun.elapsed() >= 3 * ACCEPT_RETRY_DELAY);
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut connections = std::pin::pin!(accepted(listener, 1));
        let _first_client = TcpStream::connect(address).await.unwrap();
        let _second_client = TcpStream::connect(address).await.unwrap();
        let first = connections.next().await.unwrap();
        let mut second = connections.next();
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.is_some());
    }
}
