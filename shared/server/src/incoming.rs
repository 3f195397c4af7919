//! Accepts client connections, up to a limit, and closes those that send no HTTP/2
//! preface in time. After the preface, the transport's keepalive detects dead peers.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{Stream, stream};
use opentelemetry::global::meter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Length in bytes of the HTTP/2 client connection preface.
const PREFACE: usize = 24;
/// Timeout for the preface.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
/// Delay after a failed accept: the process may be out of file descriptors, and an
/// immediate retry would fail again.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts at most `limit` connections at a time; others wait in the kernel's accept
/// queue until one is closed.
pub(crate) fn incoming(
    listener: TcpListener,
    limit: usize,
) -> impl Stream<Item = io::Result<Connection>> {
    speaking_within(PREFACE_TIMEOUT, listener, limit)
}

fn speaking_within(
    limit_of_silence: Duration,
    listener: TcpListener,
    limit: usize,
) -> impl Stream<Item = io::Result<Connection>> {
    let places = std::sync::Arc::new(Semaphore::new(limit));
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
        let stream = accept(|| listener.accept()).await;
        let connection = Connection::new(stream, place, limit_of_silence);
        Some((Ok(connection), (listener, places)))
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

/// A client connection that holds one of the limited places until it is dropped.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Missing bytes of the preface and its timeout; none once it has arrived.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, limit_of_silence: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep(limit_of_silence));
        Self {
            stream,
            preface: Some((PREFACE, timer)),
            _place: place,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some((missing, timer)) = &mut self.preface else {
            return read;
        };
        if read.is_pending() {
            // The socket has registered the waker for data; polling the timer registers
            // it for the timeout.
            ready!(timer.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        *missing = missing.saturating_sub(buffer.filled().len() - before);
        if *missing == 0 {
            self.preface = None;
        }
        read
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
    use futures::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn pair(limit_of_silence: Duration) -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let connections = speaking_within(limit_of_silence, listener, 1);
        let connection = std::pin::pin!(connections).next().await.unwrap();
        (client, connection.unwrap())
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_given_up() {
        let (_silent, mut connection) = pair(Duration::from_millis(1)).await;
        let mut bytes = [0; PREFACE];
        let given_up = connection.read_exact(&mut bytes).await.unwrap_err();
        assert_eq!(given_up.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_connection_that_has_spoken_may_be_silent() {
        let (mut client, mut connection) = pair(Duration::from_secs(3600)).await;
        let mut bytes = [0; PREFACE];
        client.write_all(&bytes[1..]).await.unwrap();
        connection.read_exact(&mut bytes[1..]).await.unwrap();
        assert!(connection.preface.is_some(), "a byte is missing");
        client.write_all(&[0]).await.unwrap();
        connection.read_exact(&mut bytes[..1]).await.unwrap();
        assert!(connection.preface.is_none());
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
        let mut connections = std::pin::pin!(incoming(listener, 1));
        let _first_client = TcpStream::connect(address).await.unwrap();
        let _second_client = TcpStream::connect(address).await.unwrap();
        let first = connections.next().await.unwrap().unwrap();
        let mut second = connections.next();
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.unwrap().is_ok());
    }
}
