//! The limit of calls in flight, over all connections: one call too many is
//! refused at once instead of making all the others wait.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{Request, Response};
use opentelemetry::{global::meter, metrics::Counter};
use tokio::sync::Semaphore;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use wangge_api::{errors::v1::Reason, refusal::Refusal};

use crate::column::is_stream;

/// After which time a call that was shed may be repeated.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Puts the limit before a service.
#[derive(Debug, Clone)]
pub struct InFlightLayer {
    places: Arc<Semaphore>,
    shed: Counter<u64>,
}

impl InFlightLayer {
    /// At most `limit` calls at the same time.
    pub fn new(limit: usize) -> Self {
        let places = Arc::new(Semaphore::new(limit));
        let free = places.clone();
        meter("wangge")
            .u64_observable_gauge("wangge.calls.in_flight")
            .with_description("Calls that are being worked on; streams are not counted.")
            .with_callback(move |to| {
                let used = limit.saturating_sub(free.available_permits());
                to.observe(u64::try_from(used).unwrap_or(u64::MAX), &[]);
            })
            .build();
        let shed = meter("wangge")
            .u64_counter("wangge.calls.shed")
            .with_description("Calls refused because too many were in flight.")
            .build();
        shed.add(0, &[]);
        Self { places, shed }
    }
}

impl<S> Layer<S> for InFlightLayer {
    type Service = InFlightService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InFlightService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind the limit.
#[derive(Debug, Clone)]
pub struct InFlightService<S> {
    inner: S,
    layer: InFlightLayer,
}

impl<S> Service<Request<Body>> for InFlightService<S>
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
        match self.layer.places.clone().try_acquire_owned() {
            Ok(place) => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await;
                    drop(place);
                    answer
                })
            }
            Err(_) => {
                self.layer.shed.add(1, &[]);
                Box::pin(async { Ok(Status::from(overloaded()).into_http()) })
            }
        }
    }
}

fn overloaded() -> Refusal {
    Refusal {
        retry_after: Some(RETRY_AFTER),
        ..Refusal::new(
            Code::ResourceExhausted,
            Reason::Overloaded,
            "too many calls at once: try again",
        )
    }
}
