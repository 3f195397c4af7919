//! What is put on every call: token, trace and time limit.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};
use tower::Service;
use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_telemetry::context;

use crate::{deadline, token::TokenSource};

/// A channel that puts token, trace and time limit on every call.
#[derive(Debug, Clone)]
pub struct Call<S> {
    inner: S,
    token: TokenSource,
    timeout: Option<Duration>,
}

impl<S> Call<S> {
    pub(crate) fn new(inner: S, token: TokenSource, timeout: Option<Duration>) -> Self {
        Self {
            inner,
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
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
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
        Box::pin(async move {
            match limit {
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(answer) => answer,
                    Err(_) => Ok(Status::from(out_of_time()).into_http()),
                },
                None => answer.await,
            }
        })
    }
}

fn out_of_time() -> Refusal {
    Refusal::new(
        tonic::Code::DeadlineExceeded,
        Reason::DeadlineExceeded,
        "the call's time ran out",
    )
}
