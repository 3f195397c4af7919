//! Refusals of the transport itself: frames that are none, encodings that are
//! not known here, methods of other services. It answers some of them as if
//! the fault were ours, and gives none of them a reason.

use http::Response;
use tonic::{Code, Status, body::Body};
use wangge_api::refusal::{Reason, Refusal};

/// Gives an answer that the transport refused a reason.
pub(crate) fn explain_answer(mut answer: Response<Body>) -> Response<Body> {
    if let Some(status) = Status::from_header_map(answer.headers())
        && let Some(refusal) = reason(&status)
        // Fails only for a text that is none of a header; ours are.
        && Status::from(refusal).add_header(answer.headers_mut()).is_err()
    {
        return Status::from(Refusal::internal(&status)).into_http();
    }
    answer
}

/// Gives a status a reason, if it is the transport's and not ours.
pub(crate) fn explain(status: Status) -> Status {
    reason(&status).map_or(status, Status::from)
}

/// Ours have details.
fn reason(status: &Status) -> Option<Refusal> {
    if !status.details().is_empty() {
        return None;
    }
    match (status.code(), status.message()) {
        (Code::Unimplemented, "") => {
            let what = "there is no such method";
            Some(Refusal::new(
                Code::Unimplemented,
                Reason::MethodUnknown,
                what,
            ))
        }
        // The list of encodings stays in the headers, for the caller to choose.
        (Code::Unimplemented, what) => Some(Refusal {
            code: Code::Unimplemented,
            ..Refusal::field("", "grpc.encoding", what)
        }),
        (Code::OutOfRange, what) => Some(Refusal::field("", "grpc.message_size", what)),
        (Code::Internal, what) => Some(Refusal::field("", "grpc.frame", what)),
        _ => None,
    }
}
