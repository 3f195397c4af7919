//! What is put on every call: token, trace and time limit; and what is said of a
//! connection that is lost under way.

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

/// A channel that puts token, trace and time limit on every call. A connection
/// that is lost is `UNAVAILABLE`, whatever part of a call it hits, as clients in
/// other languages say it: who may repeat a call can then tell.
#[derive(Debug, Clone)]
pub struct Call<S> {
    inner: S,
    /// What is called, for whoever has to mend a connection.
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

    /// No more than what is left for the work at hand.
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
        let limit = self.limit();
        let headers = request.headers_mut();
        if let Some(token) = self.token.header() {
            headers.insert(AUTHORIZATION, token);
        }
        if let Some(value) =
            limit.and_then(|limit| HeaderValue::try_from(deadline::header(limit)).ok())
        {
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
            Ok(answer.map(|body| Body::new(body.map_err(move |error| lost(&address, error)))))
        })
    }
}

/// What stands below calls tells of a lost connection in many ways: as a call
/// that was cancelled, as a fault of HTTP/2, as one that it does not know. What
/// an answer says itself does not come here.
fn lost(address: &str, error: impl Into<BoxError>) -> Status {
    let error = error.into();
    // It keeps the same limit as we do, and may be the first to notice.
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
    Refusal::new(Reason::DeadlineExceeded, "the call's time ran out")
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

    /// HTTP/2: empty settings, as a server begins.
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    /// HTTP/2: the headers of an answer (200, application/grpc) in stream 1, and
    /// no end.
    const HEADERS: &[u8] = b"\x00\x00\x14\x01\x04\x00\x00\x00\x01\x88\x0f\x10\x10application/grpc";

    /// What a caller is told by a server that takes a call, answers with `answer`,
    /// and is gone.
    async fn told(answer: &'static [u8]) -> Status {
        told_within(None, answer).await
    }

    /// The same; with a limit it is not gone before that is over.
    async fn told_within(limit: Option<Duration>, answer: &'static [u8]) -> Status {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            socket.write_all(SETTINGS).await.expect("a reader");
            // The call has come when the headers of stream 1 have.
            let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
            let is_headers = |frame: &[u8]| frame[0] == 1 && frame[2..] == [0, 0, 0, 1];
            while !heard.windows(6).any(is_headers) {
                let count = socket.read(&mut buffer).await.expect("a caller");
                heard.extend_from_slice(&buffer[..count]);
            }
            socket.write_all(answer).await.expect("a reader");
            socket.flush().await.expect("a reader");
            // Whoever gives up hangs up.
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
