//! Connections that speak HTTP/1.1, which is what browsers speak without TLS: with
//! gRPC-Web switched on their requests are served, and otherwise refused with a sentence.
//! Has the limits that the transport has for HTTP/2; it knows nothing of gRPC.

use std::{convert::Infallible, future::ready, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::{SockRef, TcpKeepalive};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower::{Service, ServiceExt as _, util::BoxCloneService};

use crate::{
    incoming::{Connection, OPENING_TIMEOUT},
    serve::{HEADERS, KEEPALIVE},
};

/// Says what the port speaks, to a client that speaks HTTP/1.1.
const HTTP2_ONLY: &str = "This port speaks gRPC over HTTP/2, which this request is not: use a \
    gRPC client, or a proxy that speaks HTTP/2 to this port. For browsers, the operator can \
    switch on gRPC-Web (WANGGE_WEB_ORIGINS).\n";

/// Size in bytes of the buffers of a connection, which a request's head has to fit in.
const BUFFER: usize = 64 * 1024;

/// What serves the requests of a connection.
type Answers = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

/// Serves connections, each in a task of its own.
#[derive(Debug)]
pub(crate) struct Http1 {
    answers: Answers,
    /// Timeout for the head of a request, and for the next request.
    head_timeout: Duration,
    age: Duration,
    connections: TaskTracker,
    closing: CancellationToken,
}

impl Http1 {
    /// Serves requests with `calls`, and refuses them without. A connection takes no
    /// further request once it has reached its `age`, or `closing` is cancelled.
    pub(crate) fn new<S>(calls: Option<S>, age: Duration, closing: CancellationToken) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send + 'static,
    {
        let answers = match calls {
            Some(calls) => BoxCloneService::new(calls),
            None => BoxCloneService::new(tower::service_fn(|_| ready(Ok(refusal())))),
        };
        Self {
            answers,
            head_timeout: OPENING_TIMEOUT,
            age,
            connections: TaskTracker::new(),
            closing,
        }
    }

    /// Returns the tasks of the connections, to wait for their end.
    pub(crate) fn connections(&self) -> TaskTracker {
        self.connections.clone()
    }

    /// Serves a connection until it is closed.
    pub(crate) fn serve(&self, connection: Connection) {
        // HTTP/1.1 has no ping: without it, a client that vanished from an idle stream
        // would keep its place.
        let alive = TcpKeepalive::new()
            .with_time(KEEPALIVE.0)
            .with_interval(KEEPALIVE.1);
        // Fails only for a socket that is closed already.
        let _ = SockRef::from(connection.socket()).set_tcp_keepalive(&alive);
        let answers = self.answers.clone();
        let service = answers.map_request(|request: Request<Incoming>| request.map(Body::new));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Also for the next request, so that an idle connection gives its place back.
            .header_read_timeout(self.head_timeout)
            .max_header_size(HEADERS as usize)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service));
        let (closing, age) = (self.closing.clone(), self.age);
        self.connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => Some(served),
                () = closing.cancelled() => None,
                () = tokio::time::sleep(age) => None,
            };
            let served = match served {
                Some(served) => served,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "an HTTP/1.1 connection ended");
            }
        });
    }
}

/// Builds the refusal, which also ends the connection.
fn refusal() -> Response<Body> {
    let mut refusal = explained(StatusCode::HTTP_VERSION_NOT_SUPPORTED, HTTP2_ONLY);
    let close = HeaderValue::from_static("close");
    refusal.headers_mut().insert(header::CONNECTION, close);
    refusal
}

/// Builds a response that people read, with a status of HTTP.
pub(crate) fn explained(status: StatusCode, what: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(what.to_owned()));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{args::ServerArgs, incoming::incoming};

    /// A port that serves HTTP/1.1, with calls that echo their path.
    struct Port {
        address: std::net::SocketAddr,
        connections: TaskTracker,
        closing: CancellationToken,
    }

    impl Port {
        async fn open(origins: &str) -> Self {
            Self::within(OPENING_TIMEOUT, origins).await
        }

        async fn within(head_timeout: Duration, origins: &str) -> Self {
            let args = ServerArgs {
                web_origins: Some(origins.parse().unwrap()),
                ..ServerArgs::default()
            };
            let echo = |request: Request<Body>| {
                let path = request.uri().path().to_owned();
                ready(Ok::<_, Infallible>(Response::new(Body::new(path))))
            };
            let calls = args.web().map(|web| {
                let builder = tower::ServiceBuilder::new().layer(web);
                builder.service(tower::service_fn(echo))
            });
            let closing = CancellationToken::new();
            let http1 = Http1 {
                head_timeout,
                ..Http1::new(calls, Duration::from_secs(3600), closing.clone())
            };
            let connections = http1.connections();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                let http2 = incoming(listener, 2, http1);
                http2
                    .for_each(|_| async { panic!("nobody speaks HTTP/2") })
                    .await;
            });
            Self {
                address,
                connections,
                closing,
            }
        }

        /// Sends a request as it stands, and returns all that comes back.
        async fn told(&self, request: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // A reset is an end as well: what came before it counts.
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        }
    }

    fn call(headers: &str) -> String {
        format!(
            "POST /a/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\
             {headers}\r\n"
        )
    }

    const GRPC_WEB: &str = "content-type: application/grpc-web+proto\r\n";

    #[tokio::test]
    async fn without_pages_a_request_is_told_what_the_port_speaks() {
        let port = Port::open("").await;
        for request in [
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            &call(GRPC_WEB),
            "OPTIONS / HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\n\r\n",
        ] {
            let answer = port.told(request).await;
            let status = answer.split_whitespace().nth(1);
            assert_eq!(status, Some("505"), "{request}: {answer}");
            assert!(answer.contains("connection: close"), "{answer}");
            assert!(answer.ends_with(HTTP2_ONLY), "{answer}");
            assert!(!answer.contains("access-control"), "{answer}");
        }
    }

    #[tokio::test]
    async fn with_pages_only_grpc_web_is_served() {
        let port = Port::open("https://a.example").await;
        let served = port.told(&call(GRPC_WEB)).await;
        assert!(served.starts_with("HTTP/1.1 200"), "{served}");
        assert!(served.contains("/a/b"), "{served}");
        for (request, status) in [
            (call("content-type: application/grpc\r\n"), "415"),
            (call("content-type: application/json\r\n"), "415"),
            (call(""), "415"),
            (call(GRPC_WEB).replace("POST", "GET"), "405"),
        ] {
            let answer = port.told(&request).await;
            assert_eq!(answer.split_whitespace().nth(1), Some(status), "{answer}");
            assert!(answer.contains("gRPC-Web"), "{answer}");
        }
    }

    #[tokio::test]
    async fn pages_of_the_origins_named_may_call_and_no_others() {
        let port = Port::open("https://a.example,https://b.example").await;
        let preflight = |origin: &str| {
            format!(
                "OPTIONS /a/b HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: {origin}\r\n\
                 access-control-request-method: POST\r\n\
                 access-control-request-headers: authorization,content-type\r\n\r\n"
            )
        };
        let allowed = port.told(&preflight("https://b.example")).await;
        for header in [
            "access-control-allow-origin: https://b.example",
            "access-control-allow-methods: POST",
            "access-control-allow-headers: authorization,content-type,grpc-timeout",
            "access-control-max-age: 7200",
        ] {
            assert!(allowed.contains(header), "{header}: {allowed}");
        }
        let called = call(&format!("{GRPC_WEB}origin: https://a.example\r\n"));
        let answer = port.told(&called).await;
        for header in [
            "access-control-allow-origin: https://a.example",
            "access-control-expose-headers: grpc-status,grpc-message,grpc-status-details-bin",
            "vary: origin",
        ] {
            assert!(answer.contains(header), "{header}: {answer}");
        }
        for other in ["https://a.example.evil", "http://a.example", "null"] {
            let answer = port.told(&preflight(other)).await;
            assert!(!answer.contains("allow-origin"), "{other}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        for origins in ["", "https://a.example"] {
            let port = Port::open(origins).await;
            let huge = format!("{GRPC_WEB}x-huge: {}\r\n", "x".repeat(HEADERS as usize));
            let answer = port.told(&call(&huge)).await;
            assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        }
    }

    #[tokio::test]
    async fn who_is_slow_or_idle_loses_the_place() {
        let port = Port::within(Duration::from_millis(50), "https://a.example").await;
        let answer = port.told("POST /a/b HTTP/1.1\r\nho").await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        let kept = call(GRPC_WEB).replace("connection: close\r\n", "");
        // On a busy machine even a whole request may come too late.
        while !port.told(&kept).await.starts_with("HTTP/1.1 200") {}
    }

    #[tokio::test]
    async fn connections_close_when_told_to() {
        let port = Port::open("https://a.example").await;
        let kept = call(GRPC_WEB).replace("connection: close\r\n", "");
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        stream.write_all(kept.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        port.closing.cancel();
        port.connections.close();
        port.connections.wait().await;
    }
}
