//! The deadline of each call: what the caller brought or the server's own,
//! whichever comes first. It is handed on to the calls made on the way.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use wangge_api::refusal::{Reason, Refusal};
use wangge_client::deadline;

use crate::column::is_stream;

/// The transport ends a call at the caller's deadline with a bare `CANCELLED`;
/// ours comes this much earlier, so that the caller learns the reason.
const AHEAD: Duration = Duration::from_millis(10);

/// Puts deadlines before a service.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer(Duration);

impl DeadlineLayer {
    /// Calls that bring no earlier deadline are given up after `limit`.
    pub fn new(limit: Duration) -> Self {
        Self(limit)
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService {
            inner,
            limit: self.0,
        }
    }
}

/// A service with deadlines.
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    limit: Duration,
}

impl<S> Service<Request<Body>> for DeadlineService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if is_stream(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let limit = asked(&request).map_or(self.limit, |asked| asked.min(self.limit));
        let deadline = Instant::now() + limit;
        let answer = deadline::within(deadline, self.inner.call(request));
        Box::pin(async move {
            match tokio::time::timeout_at(deadline, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::from(exceeded()).into_http()),
            }
        })
    }
}

fn asked(request: &Request<Body>) -> Option<Duration> {
    let header = request.headers().get("grpc-timeout")?.to_str().ok()?;
    let limit = deadline::parse(header)?;
    Some(limit.saturating_sub(AHEAD.min(limit / 10)))
}

fn exceeded() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "the call's time ran out; a write may have taken effect: repeat it with the same request_id",
    )
}
