//! Adds token, trace context and timeout to every call, and maps lost connections
//! to a uniform status.

use std::{
    error::Error,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use http_body_util::BodyExt as _;
use tonic::{Code, Status, TimeoutExpired, body::Body};
use tower::{BoxError, Service};
use wangge_api::refusal::{Reason, Refusal};
use wangge_telemetry::context;

use crate::{deadline, token::TokenSource};

/// A channel that adds token, trace context and timeout to each call. A lost
/// connection becomes `UNAVAILABLE` in any phase of a call, as in gRPC clients of
/// other languages, so that retry logic can recognise it.
#[derive(Debug, Clone)]
pub struct Call<S> {
    inner: S,
    /// The address called, for error messages.
    address: Arc<str>,
    token: TokenSource,
    timeout: Option<Duration>,
}

impl<S> Call<S> {
    pub(crate) fn new(
        inner: S,
        address: &str,
        token: TokenSource,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            inner,
            address: address.into(),
            token,
            timeout,
        }
    }

    /// Returns the timeout of a call: the default, but at most the time left until
    /// the current deadline.
    fn limit(&self) -> Option<Duration> {
        match (self.timeout, deadline::left()) {
            (Some(own), Some(left)) => Some(own.min(left)),
            (own, left) => own.or(left),
        }
    }
}

impl<S> Service<Request<Body>> for Call<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Send,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner
            .poll_ready(context)
            .map_err(|error| lost(&self.address, error))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // Read here, since the context belongs to the calling task and the future
        // may be polled elsewhere.
        let limit = self.limit();
        let headers = request.headers_mut();
        if let Some(token) = self.token.header() {
            headers.insert(AUTHORIZATION, token);
        }
        if let Some(value) =
            limit.and_then(|limit| HeaderValue::try_from(deadline::header(limit)).ok())
        {
            // The server limits its work to the same time and passes it on to its
            // own calls.
            headers.insert("grpc-timeout", value);
        }
        context::write_headers(headers);
        let answer = self.inner.call(request);
        let address = self.address.clone();
        Box::pin(async move {
            let answer = match limit {
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Ok(Status::from(out_of_time()).into_http()),
                },
                None => answer.await,
            };
            let answer = answer.map_err(|error| lost(&address, error))?;
            // The body as well: a connection can be lost after the response's
            // headers.
            Ok(answer.map(|body| Body::new(body.map_err(move |error| lost(&address, error)))))
        })
    }
}

/// Maps a transport error to a status. tonic and hyper report a lost connection in
/// several ways: as a cancelled call, an HTTP/2 error or an unknown error. A status
/// that the server has sent doesn't pass through here.
fn lost(address: &str, error: impl Into<BoxError>) -> Status {
    let error = error.into();
    // The transport enforces the same timeout and may notice it first.
    if is_out_of_time(&*error) {
        return out_of_time().into();
    }
    let status = Status::from_error(error);
    match status.code() {
        Code::Cancelled | Code::Unknown | Code::Internal => {
            let what = format!("{address}: the call was cut off: {}", status.message());
            Status::unavailable(what)
        }
        Code::Unavailable => Status::unavailable(format!("{address}: {}", status.message())),
        _ => status,
    }
}

fn is_out_of_time(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutExpired>() || error.source().is_some_and(is_out_of_time)
}

fn out_of_time() -> Refusal {
    Refusal::new(Reason::DeadlineExceeded, "the call's deadline was exceeded")
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tonic::transport::Endpoint;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;

    /// HTTP/2: an empty SETTINGS frame, as a server sends first.
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    /// HTTP/2: response headers (200, application/grpc) in stream 1, without the
    /// end of the stream.
    const HEADERS: &[u8] = b"\x00\x00\x14\x01\x04\x00\x00\x00\x01\x88\x0f\x10\x10application/grpc";

    /// Returns the status that a caller receives from a server that accepts a call,
    /// sends `answer` and closes the connection.
    async fn told(answer: &'static [u8]) -> Status {
        told_within(None, answer).await
    }

    /// The same; with a limit, the server only closes after it has passed.
    async fn told_within(limit: Option<Duration>, answer: &'static [u8]) -> Status {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            socket.write_all(SETTINGS).await.expect("a reader");
            // The call has arrived once the HEADERS frame of stream 1 has.
            let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
            let is_headers = |frame: &[u8]| frame[0] == 1 && frame[2..] == [0, 0, 0, 1];
            while !heard.windows(6).any(is_headers) {
                let count = socket.read(&mut buffer).await.expect("a caller");
                heard.extend_from_slice(&buffer[..count]);
            }
            socket.write_all(answer).await.expect("a reader");
            socket.flush().await.expect("a reader");
            // The client disconnects when its timeout has passed.
            while limit.is_some() && socket.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        });
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let call = Call::new(
            endpoint.connect_lazy(),
            &address.to_string(),
            TokenSource::none(),
            limit,
        );
        let request = HealthCheckRequest::default();
        let status = HealthClient::new(call).check(request).await;
        server.await.expect("a server");
        status.expect_err("no answer")
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let call = Call::new(endpoint.connect_lazy(), &address, TokenSource::none(), None);
        let mut health = HealthClient::new(call);
        let told = health.check(HealthCheckRequest::default());
        let status = told.await.expect_err("nobody listens");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().contains(&address), "{status}");
    }

    #[tokio::test]
    async fn a_connection_lost_before_an_answer_is_unavailable() {
        let status = told(b"").await;
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }

    #[tokio::test]
    async fn a_connection_lost_within_an_answer_is_unavailable() {
        let status = told(HEADERS).await;
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }

    #[tokio::test]
    async fn a_call_whose_time_runs_out_is_not_one_that_was_cut_off() {
        let limit = Some(Duration::from_millis(200));
        let status = told_within(limit, b"").await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    }
}
