//! The stack of layers that a request passes through, outermost first; calls by gRPC-Web
//! are translated before ([`crate::web`]):
//!
//! 1. trace: opens the span and starts the timer, so that both cover every response,
//!    including those of the layers below;
//! 2. panic guard: turns a panic below into a response;
//! 3. deadline: nothing below runs longer than the caller waits;
//! 4. policy: authenticates and authorises the caller before the body is read;
//! 5. admission: reads the whole request, then acquires a slot for its call, so that
//!    slots are held by work and not by requests that never arrive;
//! 6. transport: adds a reason to errors that the generated servers return themselves;
//! 7. the validating codec, in the generated servers, before the handler.

use std::sync::Arc;

use http::Response;
use tonic::body::Body;
use tower::{
    layer::util::{Identity, Stack},
    util::MapResponseLayer,
};
use wangge_auth::{PolicyLayer, Verifier};

use crate::{
    admission::AdmissionLayer, args::ServerArgs, deadline::DeadlineLayer, panic::PanicLayer,
    trace::TraceLayer, transport::explain_answer,
};

/// The type of the layer stack; the innermost layer is named first.
pub type Column = Stack<
    MapResponseLayer<fn(Response<Body>) -> Response<Body>>,
    Stack<
        AdmissionLayer,
        Stack<PolicyLayer, Stack<DeadlineLayer, Stack<PanicLayer, Stack<TraceLayer, Identity>>>>,
    >,
>;

/// Builds the layer stack of a server. The order is part of its contract: see the
/// module's documentation.
pub fn column(args: &ServerArgs, verifier: Arc<Verifier>) -> Column {
    tower::ServiceBuilder::new()
        .layer(TraceLayer::default())
        .layer(PanicLayer)
        .layer(DeadlineLayer::new(args.deadline()))
        .layer(PolicyLayer::new(verifier))
        .layer(AdmissionLayer::new(args))
        .layer(MapResponseLayer::new(
            explain_answer as fn(Response<Body>) -> Response<Body>,
        ))
        .into_inner()
}

/// Returns true if a call may run without a deadline: our streaming methods,
/// `Health/Watch` and reflection.
pub(crate) fn is_stream(path: &str) -> bool {
    path == "/grpc.health.v1.Health/Watch"
        || path.starts_with("/grpc.reflection.")
        || wangge_api::policy::policy(path).is_some_and(|policy| policy.streaming)
}
