//! Refusals of the transport itself: frames that are none, encodings that are
//! not known here, methods of other services. It answers some of them as if
//! the fault were ours, and gives none of them a reason.

use std::time::Duration;

use http::Response;
use tonic::{Code, Status, body::Body};
use wangge_api::refusal::{Reason, Refusal};

/// Gives an answer that the transport refused a reason.
pub(crate) fn explain_answer(mut answer: Response<Body>) -> Response<Body> {
    if let Some(status) = Status::from_header_map(answer.headers())
        && let Some(explained) = explained(&status)
        // Fails only for a text that is none of a header; ours are.
        && explained.add_header(answer.headers_mut()).is_err()
    {
        return Status::from(Refusal::internal(&status)).into_http();
    }
    answer
}

/// Gives a status a reason, if it is the transport's and not ours.
pub(crate) fn explain(status: Status) -> Status {
    explained(&status).unwrap_or(status)
}

/// Ours have details.
fn explained(status: &Status) -> Option<Status> {
    if !status.details().is_empty() {
        return None;
    }
    let what = status.message();
    let refusal = match status.code() {
        Code::Ok => return None,
        Code::Unimplemented if what.is_empty() => {
            Refusal::new(Reason::MethodUnknown, "there is no such method")
        }
        // The list of encodings stays in the headers, for the caller to choose.
        // gRPC demands this code for them, whatever the reason.
        Code::Unimplemented => {
            let field = Status::from(Refusal::field("", "grpc.encoding", what));
            let details = field.details().to_vec().into();
            return Some(Status::with_details(Code::Unimplemented, what, details));
        }
        // Too much, as it was sent or once it was decompressed.
        Code::OutOfRange | Code::ResourceExhausted => Refusal::field("", "grpc.message_size", what),
        // The caller's own limit, or a caller who hung up, seen by the transport.
        Code::Cancelled | Code::DeadlineExceeded => Refusal::new(
            Reason::DeadlineExceeded,
            "the call was given up; a write may have taken effect: repeat it with the same request_id",
        ),
        Code::Unavailable => Refusal::unavailable(
            Reason::ShuttingDown,
            "the call was not served: try again",
            Duration::from_secs(1),
        ),
        // What it can't make sense of: frames, flags, compressed bytes.
        Code::InvalidArgument | Code::Internal | Code::DataLoss => {
            Refusal::field("", "grpc.frame", what)
        }
        // Health, asked for a service that is not here.
        Code::NotFound => Refusal::not_found("service", ""),
        // The transport has no reason to say any of these.
        Code::Unknown
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unauthenticated => Refusal::internal(status),
    };
    Some(refusal.into())
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn every_status_leaves_with_one_reason() {
        for number in 1..=16 {
            for message in [
                "",
                "Error decompressing: size limit, of 4194304 bytes, exceeded",
            ] {
                let bare = Status::new(Code::from_i32(number), message);
                let mut answer = bare.clone().into_http::<Body>();
                answer = explain_answer(answer);
                let told = Status::from_header_map(answer.headers()).expect("a status");
                let details = told.get_error_details_vec();
                let reasons = details
                    .iter()
                    .filter(|detail| matches!(detail, tonic_types::ErrorDetail::ErrorInfo(_)))
                    .count();
                assert_eq!(reasons, 1, "{bare:?} became {told:?}");
                if bare.code() == Code::NotFound {
                    assert_eq!(told.code(), Code::NotFound, "health relies on it");
                }
                assert_ne!(told.code(), Code::Ok);
            }
        }
        let ours = Status::from(Refusal::not_found("ticket", "1"));
        let answer = explain_answer(ours.clone().into_http());
        let told = Status::from_header_map(answer.headers()).expect("a status");
        assert_eq!((told.code(), told.details()), (ours.code(), ours.details()));
    }
}
