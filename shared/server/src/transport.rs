//! Errors of the transport itself: invalid frames, unknown encodings, unknown methods.
//! tonic reports some of them as server faults, and none with a reason.

use std::time::Duration;

use http::Response;
use tonic::{Code, Status, body::Body};
use wangge_api::refusal::{Reason, Refusal, Rule};

/// Adds a reason to a response that the transport rejected.
pub(crate) fn explain_answer(mut answer: Response<Body>) -> Response<Body> {
    if let Some(status) = Status::from_header_map(answer.headers())
        && let Some(explained) = explained(&status)
        // Fails only if the message isn't a valid header value; ours are.
        && explained.add_header(answer.headers_mut()).is_err()
    {
        return Status::from(Refusal::internal(&status)).into_http();
    }
    answer
}

/// Adds a reason to a status, if it is the transport's and not ours.
pub(crate) fn explain(status: Status) -> Status {
    explained(&status).unwrap_or(status)
}

/// Returns the explained status for a bare one; none for our own, which carry details.
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
        // `grpc-accept-encoding` stays in the headers, for the client to choose from.
        // gRPC requires this code, so the reason alone says which field is wrong.
        Code::Unimplemented => {
            let field = Status::from(Refusal::field("", Rule::GrpcEncoding, what));
            let details = field.details().to_vec().into();
            return Some(Status::with_details(Code::Unimplemented, what, details));
        }
        // The message is too large, as sent or once decompressed.
        Code::OutOfRange | Code::ResourceExhausted => {
            Refusal::field("", Rule::GrpcMessageSize, what)
        }
        // The caller's own deadline, or a caller that disconnected, as seen by the
        // transport.
        Code::Cancelled | Code::DeadlineExceeded => Refusal::new(
            Reason::DeadlineExceeded,
            "the call was cancelled; a write may have taken effect: retry it with the same \
             request_id",
        ),
        Code::Unavailable => Refusal::unavailable(
            Reason::ShuttingDown,
            "the call was not served: try again",
            Duration::from_secs(1),
        ),
        // Malformed input: frames, flags, compressed bytes. tonic reports it as INTERNAL,
        // though the fault is the client's.
        Code::InvalidArgument | Code::Internal | Code::DataLoss => {
            Refusal::field("", Rule::GrpcFrame, what)
        }
        // A health check for an unknown service.
        Code::NotFound => Refusal::not_found("service", ""),
        // The transport never returns any of these.
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
