//! A refusal as a gRPC status: one code for each reason, exactly one `ErrorInfo`,
//! and the standard details that apply.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Reason, Refusal};

/// The `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "wangge";

/// Returns the code of a reason, as the contract documents it.
pub fn code(reason: Reason) -> Code {
    match reason {
        Reason::FieldInvalid
        | Reason::PageTokenInvalid
        | Reason::ReferenceUnknown
        | Reason::FeedTokenInvalid => Code::InvalidArgument,
        Reason::TokenMissing | Reason::TokenInvalid | Reason::TokenExpired => Code::Unauthenticated,
        Reason::RoleNotAllowed | Reason::AreaTooNarrow => Code::PermissionDenied,
        Reason::RecordNotFound => Code::NotFound,
        Reason::RecordExists | Reason::RequestIdReused => Code::AlreadyExists,
        Reason::EtagMismatch | Reason::ConcurrentChange => Code::Aborted,
        Reason::StateConflict | Reason::GuardFailed => Code::FailedPrecondition,
        Reason::FeedTokenUnknown => Code::OutOfRange,
        Reason::FeedReaderSlow
        | Reason::NotYetVisible
        | Reason::DatabaseUnavailable
        | Reason::ShuttingDown => Code::Unavailable,
        Reason::Overloaded => Code::ResourceExhausted,
        Reason::DeadlineExceeded => Code::DeadlineExceeded,
        Reason::MethodUnknown => Code::Unimplemented,
        Reason::Internal => Code::Internal,
    }
}

/// Returns true if a status carries a reason.
pub fn carries(status: &Status, reason: Reason) -> bool {
    status
        .get_details_error_info()
        .is_some_and(|info| info.reason == reason.name())
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = code(refusal.reason);
        let mut details = ErrorDetails::new();
        details.set_error_info(refusal.reason.name(), DOMAIN, HashMap::new());
        if !refusal.fields.is_empty() {
            details.set_bad_request(
                refusal
                    .fields
                    .into_iter()
                    .map(|violation| {
                        let mut field = tonic_types::FieldViolation::new(
                            violation.field,
                            violation.description,
                        );
                        field.reason = upper_snake(&violation.rule);
                        field
                    })
                    .collect::<Vec<_>>(),
            );
        }
        for (kind, subject, description) in refusal.preconditions {
            details.add_precondition_failure_violation(kind, subject, description);
        }
        if let Some((kind, name)) = refusal.resource {
            details.set_resource_info(kind, name, "", "");
        }
        if let Some(delay) = refusal.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(code, refusal.message, details)
    }
}

/// Converts a rule's id to the format of reasons: `string.max_len` becomes
/// `STRING_MAX_LEN`.
fn upper_snake(rule: &str) -> String {
    rule.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_status_is_known_by_its_reason() {
        let waits = "a record has not arrived yet";
        let refusal = Refusal::unavailable(Reason::NotYetVisible, waits, Duration::from_secs(1));
        let status = Status::from(refusal);
        assert!(carries(&status, Reason::NotYetVisible));
        assert!(!carries(&status, Reason::ShuttingDown));
        assert!(!carries(
            &Status::unavailable("gone"),
            Reason::NotYetVisible
        ));
    }

    #[test]
    fn a_refusal_carries_its_reason_and_fields() {
        let status = Status::from(Refusal::field("ticket.title", "string.min_len", "is empty"));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let info = details.error_info().expect("error info");
        assert_eq!(info.reason, "FIELD_INVALID");
        let bad = details.bad_request().expect("bad request");
        assert_eq!(bad.field_violations[0].field, "ticket.title");
        assert_eq!(bad.field_violations[0].reason, "STRING_MIN_LEN");
    }
}
