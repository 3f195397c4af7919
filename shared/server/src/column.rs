//! The column of layers that a request falls through, outermost first:
//!
//! 1. trace: opens the span and the measurement, so that they see every answer,
//!    those of the layers below included;
//! 2. panic guard: whatever breaks below becomes an answer;
//! 3. deadline: nothing below runs for longer than the caller waits;
//! 4. policy: who calls and whether they may, before the body is read;
//! 5. admission: reads the request whole, then takes a slot for its call, so that
//!    slots are held by work and not by requests that never come;
//! 6. transport: what the generated servers refuse themselves gets a reason;
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

/// The layers, outermost first.
pub type Column = Stack<
    MapResponseLayer<fn(Response<Body>) -> Response<Body>>,
    Stack<
        AdmissionLayer,
        Stack<PolicyLayer, Stack<DeadlineLayer, Stack<PanicLayer, Stack<TraceLayer, Identity>>>>,
    >,
>;

/// The column of one server.
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

/// Returns whether a call may run for as long as both sides like: streams of
/// ours, and watches of health and reflection.
pub(crate) fn is_stream(path: &str) -> bool {
    path == "/grpc.health.v1.Health/Watch"
        || path.starts_with("/grpc.reflection.")
        || wangge_api::policy::policy(path).is_some_and(|policy| policy.streaming)
}
