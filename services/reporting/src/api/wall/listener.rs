//! HTTP/1.1 listener for public pages. The number of connections is limited, and each must
//! send its request within a timeout. It doesn't depend on the content of the pages.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Maximum number of open connections.
pub(super) const MAX_CONNECTIONS: usize = 1000;
/// Timeout for a connection to send the head of its next request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Retry delay after a connection could not be accepted.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Address of the client that sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Peer(pub IpAddr);

/// Limits of the listener.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub connections: usize,
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            header_timeout: HEADER_TIMEOUT,
        }
    }
}

/// Serves a router until `stop` is cancelled, then finishes the requests in progress.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    while let Some((stream, peer, permit)) = next(&listener, &permits, &stop).await {
        // Finished tasks are removed here, or the set would grow with every connection.
        while connections.try_join_next().is_some() {}
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            answer(stream, peer, router, limits.header_timeout, stop).await;
            drop(permit);
        });
    }
    while connections.join_next().await.is_some() {}
}

/// Returns the next connection, or `None` once `stop` is cancelled. Connections beyond the
/// limit wait in the backlog and are not accepted.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let accept = async {
        // The permit comes before `accept`: a connection that was accepted without one would hold
        // a file descriptor while it waits.
        let permit = Arc::clone(permits).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, address)) => return Some((stream, Peer(address.ip()), permit)),
                Err(error) => {
                    // Such as too many open files. Without a delay the loop would spin until
                    // some are closed.
                    tracing::debug!(%error, "a connection to the wall could not be accepted");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        }
    };
    tokio::select! {
        accepted = accept => accepted,
        () = stop.cancelled() => None,
    }
}

async fn answer(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    header_timeout: Duration,
    stop: CancellationToken,
) {
    // The router sees no socket, so the client's address is passed as an extension, for
    // limits per client.
    let service = router.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The timeout also applies to idle keep-alive connections, which hold a permit too.
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the wall ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn served(limits: Limits) -> (std::net::SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/", get(|| async { "here" }));
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, limits, stop.clone()));
        (address, stop)
    }

    async fn fetch(address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = b"GET / HTTP/1.1\r\nhost: wall\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("a response");
        text
    }

    #[tokio::test]
    async fn who_sends_no_request_is_dropped_and_keeps_nobody_out() {
        let limits = Limits {
            connections: 2,
            header_timeout: Duration::from_millis(200),
        };
        let (address, stop) = served(limits).await;
        let mut silent = Vec::new();
        for begun in ["", "GET / HTTP/1.1\r\nho"] {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.write_all(begun.as_bytes()).await.expect("a begin");
            silent.push(stream);
        }
        // Both places are taken: it waits until they are free, and then is served.
        assert!(fetch(address).await.ends_with("here"));
        for mut stream in silent {
            let mut left = Vec::new();
            // Ends, however it ends.
            drop(stream.read_to_end(&mut left).await);
        }
        stop.cancel();
    }
}
