//! The panic guard: a panic in a handler fails its own call and no other.

use std::{
    panic::AssertUnwindSafe,
    task::{Context, Poll},
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use wangge_api::refusal::Refusal;

/// A [`Layer`] that catches panics of a service.
#[derive(Debug, Clone, Copy)]
pub struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = PanicService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PanicService { inner }
    }
}

/// A service whose panics become `INTERNAL` responses.
#[derive(Debug, Clone)]
pub struct PanicService<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for PanicService<S>
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
        // Unwind safe: the broken call's state is dropped, and shared state is behind
        // locks that recover from poisoning.
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::from(Refusal::internal(&"a handler panicked")).into_http()),
            }
        })
    }
}
