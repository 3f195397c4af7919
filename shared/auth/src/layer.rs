//! The policy layer: authenticates the caller and checks that one of its roles may
//! call the method, before the request's body is read. Denies by default: a method
//! without a policy can't be called.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Either},
};
use http::{Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use wangge_api::{
    policy,
    refusal::{Reason, Refusal},
};

use crate::{caller::Caller, keys::Verifier, lease::Lease, scope::RecordScope};

/// Methods that need no token, since they return no data about records.
const OPEN: [&str; 2] = ["/grpc.health.v1.", "/grpc.reflection."];

/// A tower layer that enforces the policy of every method.
#[derive(Debug, Clone)]
pub struct PolicyLayer(Arc<Verifier>);

impl PolicyLayer {
    /// Creates a layer that accepts the tokens of `verifier`.
    pub fn new(verifier: Arc<Verifier>) -> Self {
        Self(verifier)
    }
}

impl<S> Layer<S> for PolicyLayer {
    type Service = PolicyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService {
            inner,
            verifier: self.0.clone(),
        }
    }
}

/// A service that is guarded by the policy.
#[derive(Debug, Clone)]
pub struct PolicyService<S> {
    inner: S,
    verifier: Arc<Verifier>,
}

impl<S> Service<Request<Body>> for PolicyService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<
        Either<S::Future, BoxFuture<'static, Result<S::Response, S::Error>>>,
        Ready<Result<S::Response, S::Error>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if OPEN
            .iter()
            .any(|prefix| request.uri().path().starts_with(prefix))
        {
            return Either::Left(Either::Left(self.inner.call(request)));
        }
        match admit(&self.verifier, &request) {
            Ok(caller) => {
                // Handlers read it through `Caller::of`.
                request.extensions_mut().insert(caller);
                // Created before the call consumes the request, which holds the
                // token.
                let lease = lease(&self.verifier, &request);
                let call = self.inner.call(request);
                Either::Left(match lease {
                    None => Either::Left(call),
                    Some(lease) => {
                        let bound = call.map(|answer| answer.map(|response| lease.bind(response)));
                        Either::Right(bound.boxed())
                    }
                })
            }
            Err(refusal) => Either::Right(ready(Ok(Status::from(refusal).into_http()))),
        }
    }
}

fn admit(verifier: &Verifier, request: &Request<Body>) -> Result<(Caller, RecordScope), Refusal> {
    let Some(policy) = policy::policy(request.uri().path()) else {
        return Err(Refusal::new(
            Reason::MethodUnknown,
            "there is no such method",
        ));
    };
    let token = bearer(request).ok_or_else(|| {
        Refusal::new(
            Reason::TokenMissing,
            "send a token: `authorization: Bearer <token>`",
        )
    })?;
    let caller = verifier.verify(token)?;
    if !caller.may_call(policy) {
        return Err(Refusal::new(
            Reason::RoleNotAllowed,
            "none of the caller's roles may call this method",
        ));
    }
    let scope = caller.scope(policy);
    Ok((caller, scope))
}

/// Returns the lease of a streaming method; `None` for a unary call, which is
/// short.
fn lease(verifier: &Arc<Verifier>, request: &Request<Body>) -> Option<Lease> {
    policy::policy(request.uri().path()).filter(|policy| policy.streaming)?;
    Some(Lease::new(verifier.clone(), bearer(request)?))
}

fn bearer(request: &Request<Body>) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // The scheme is case-insensitive (RFC 9110).
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
