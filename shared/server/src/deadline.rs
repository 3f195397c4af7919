//! The deadline of each call: the caller's or the server's own, whichever is earlier.
//! Outbound calls made by the handler inherit what is left of it.

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

/// The transport ends a call at the caller's deadline with a bare `CANCELLED`. Our
/// timeout fires this much earlier, so that the caller receives a reason.
const DEADLINE_MARGIN: Duration = Duration::from_millis(10);

/// A [`Layer`] that enforces deadlines on a service.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer(Duration);

impl DeadlineLayer {
    /// Creates the layer. Calls without an earlier deadline time out after `limit`.
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

/// A service whose calls have deadlines.
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
        // A stream lasts as long as its token and has limits of its own.
        if is_stream(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let limit = asked(&request).map_or(self.limit, |asked| asked.min(self.limit));
        let deadline = Instant::now() + limit;
        // `within` also sets the deadline for the inner service's outbound calls and
        // statements.
        let answer = deadline::within(deadline, self.inner.call(request));
        Box::pin(async move {
            match tokio::time::timeout_at(deadline, answer).await {
                Ok(answer) => answer,
                // Dropping the handler stops no transaction: those run in tasks of their
                // own and may still commit, which is why the message asks for the same
                // `request_id`.
                Err(_) => Ok(Status::from(exceeded()).into_http()),
            }
        })
    }
}

/// Returns the limit requested in `grpc-timeout`, shortened by [`DEADLINE_MARGIN`].
fn asked(request: &Request<Body>) -> Option<Duration> {
    let header = request.headers().get("grpc-timeout")?.to_str().ok()?;
    let limit = deadline::parse(header)?;
    // At most a tenth, so that a very short timeout doesn't become zero.
    Some(limit.saturating_sub(DEADLINE_MARGIN.min(limit / 10)))
}

fn exceeded() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "the call's deadline was exceeded; a write may have taken effect: retry it with the same \
         request_id",
    )
}
