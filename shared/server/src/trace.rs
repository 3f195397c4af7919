//! The span and the duration metric of each call. Attributes are names and codes, never
//! content of a request.

use std::{
    task::{Context, Poll},
    time::Instant,
};

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use opentelemetry::{KeyValue, metrics::Histogram};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};
use wangge_api::refusal::{self, Reason};
use wangge_telemetry::context;

/// A [`Layer`] that opens a span for each call and measures its duration.
#[derive(Debug, Clone)]
pub struct TraceLayer {
    duration: Histogram<f64>,
}

impl Default for TraceLayer {
    fn default() -> Self {
        let duration = opentelemetry::global::meter("wangge")
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Time from the arrival of a call to its response.")
            .with_boundaries(vec![
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
            ])
            .build();
        Self { duration }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService {
            inner,
            duration: self.duration.clone(),
        }
    }
}

/// A service whose calls are traced and measured.
#[derive(Debug, Clone)]
pub struct TraceService<S> {
    inner: S,
    duration: Histogram<f64>,
}

impl<S> Service<Request<Body>> for TraceService<S>
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
        let Some(method) = method(request.uri().path()) else {
            return Box::pin(self.inner.call(request));
        };
        let span = open_span(method, request.headers());
        let duration = self.duration.clone();
        let start = Instant::now();
        // Futures that the inner services create eagerly also become children of the
        // span.
        let answer = span.in_scope(|| self.inner.call(request));
        Box::pin(
            async move {
                let answer = answer.await;
                let outcome = answer
                    .as_ref()
                    // Every response of ours carries its status in the headers; without
                    // one it is OK.
                    .map_or(Outcome::FAULT, |answer| outcome(answer.headers()));
                finish(method, outcome, start, &duration);
                answer
            }
            .instrument(span),
        )
    }
}

/// Returns the method's full name, or none for a path that isn't one of our methods:
/// arbitrary paths must not create metric series.
fn method(path: &str) -> Option<&'static str> {
    wangge_api::policy::policy(path).map(|policy| policy.path.trim_start_matches('/'))
}

fn open_span(method: &'static str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "call",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = tracing::field::Empty,
        trace_id = tracing::field::Empty,
    );
    context::continue_from_headers(&span, headers);
    context::name_trace(&span, headers);
    span
}

/// The outcome of a call.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    code: Code,
    /// True if the failure is one that an operator should see.
    is_fault: bool,
}

impl Outcome {
    const FAULT: Self = Self {
        code: Code::Unknown,
        is_fault: true,
    };
}

fn outcome(headers: &HeaderMap) -> Outcome {
    let Some(status) = Status::from_header_map(headers) else {
        return Outcome {
            code: Code::Ok,
            is_fault: false,
        };
    };
    let code = status.code();
    let is_fault = match code {
        Code::Internal | Code::Unknown | Code::DataLoss => true,
        // A caller that waits for its own write to become visible is expected to retry.
        Code::Unavailable => !refusal::carries(&status, Reason::NotYetVisible),
        _ => false,
    };
    Outcome { code, is_fault }
}

fn finish(method: &'static str, outcome: Outcome, start: Instant, duration: &Histogram<f64>) {
    let seconds = start.elapsed().as_secs_f64();
    let name = code_name(outcome.code);
    let span = Span::current();
    span.record("rpc.response.status_code", name);
    if outcome.is_fault {
        span.record("otel.status_code", "ERROR");
        tracing::warn!(rpc.response.status_code = name, seconds, "call failed");
    } else {
        tracing::debug!(rpc.response.status_code = name, seconds, "call completed");
    }
    duration.record(
        seconds,
        &[
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method),
            KeyValue::new("rpc.response.status_code", name),
        ],
    );
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wangge_api::refusal::Refusal;

    #[test]
    fn a_wait_for_ones_own_write_is_no_fault() {
        let is_fault = |reason| {
            let refusal = Refusal::unavailable(reason, "not now", Duration::from_secs(1));
            let response = Status::from(refusal).into_http::<Body>();
            outcome(response.headers()).is_fault
        };
        assert!(!is_fault(Reason::NotYetVisible));
        assert!(is_fault(Reason::DatabaseUnavailable));
    }
}
