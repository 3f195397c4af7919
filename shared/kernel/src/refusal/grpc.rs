//! A refusal as a gRPC status: one code for each reason, exactly one `ErrorInfo`,
//! one `ErrorDetail` with the same by number, and the standard details that apply.

use std::collections::HashMap;

use prost::{Message as _, Name};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _, pb};

use super::{Guard, MAX_VIOLATIONS, Reason, Refusal};

/// The `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "wangge";

/// The type of the precondition that is the state of a record.
const STATE: &str = "STATE";

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

/// The contract's `wangge.errors.v1.ErrorDetail`, which is generated in a crate above; a
/// test there decodes it.
#[derive(Clone, PartialEq, prost::Message)]
struct ErrorDetail {
    #[prost(int32, tag = "1")]
    reason: i32,
    #[prost(int32, repeated, tag = "2")]
    guards: Vec<i32>,
}

impl Name for ErrorDetail {
    const NAME: &'static str = "ErrorDetail";
    const PACKAGE: &'static str = "wangge.errors.v1";

    fn type_url() -> String {
        format!("type.googleapis.com/{}", Self::full_name())
    }
}

impl ErrorDetail {
    fn of(refusal: &Refusal) -> Self {
        let guard = refusal.precondition.as_ref().and_then(|one| one.guard);
        Self {
            reason: refusal.reason.code().into(),
            guards: guard.iter().map(|guard| guard.code().into()).collect(),
        }
    }

    fn into_any(self) -> Any {
        Any {
            type_url: Self::type_url(),
            value: self.encode_to_vec(),
        }
    }
}

/// Returns the standard details of a refusal.
fn standard_details(refusal: Refusal) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    details.set_error_info(refusal.reason.name(), DOMAIN, HashMap::new());
    if !refusal.fields.is_empty() {
        let fields = refusal.fields.into_iter().take(MAX_VIOLATIONS);
        let fields = fields.map(|violation| {
            let mut field = FieldViolation::new(violation.field, violation.description);
            field.reason = violation.rule;
            field
        });
        details.set_bad_request(fields.collect::<Vec<_>>());
    }
    if let Some(one) = refusal.precondition {
        let kind = one.guard.map_or(STATE, Guard::name);
        details.add_precondition_failure_violation(kind, one.subject, one.description);
    }
    if let Some((kind, name)) = refusal.resource {
        details.set_resource_info(kind, name, "", "");
    }
    if let Some(delay) = refusal.retry_after {
        details.set_retry_info(Some(delay));
    }
    details
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = (code(refusal.reason), refusal.message.clone());
        let ours = ErrorDetail::of(&refusal).into_any();
        // `StatusExt` knows the standard details only, so ours is added to what it encodes.
        let status = Self::with_error_details(code, message, standard_details(refusal));
        let Ok(mut told) = pb::Status::decode(status.details()) else {
            return status;
        };
        told.details.push(ours);
        let details = told.encode_to_vec().into();
        Self::with_details(code, told.message, details)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::Rule, *};

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
    fn a_status_fits_into_the_trailers_that_clients_accept() {
        let field = |number: usize| {
            super::super::FieldViolation::new(
                format!("a_request.of_some_record.with_repeated_things[{number}].and_a_field"),
                Rule::DeliberationMeetings,
                "must have at most one entry for each time that no decision was reached in it",
            )
        };
        let status = Status::from(Refusal::fields((0..1000).map(field).collect()));
        // In base64, as it travels.
        let details = status.details().len() * 4 / 3;
        assert!(details + status.message().len() < 7 * 1024, "{details}");
        assert!(status.message().ends_with("; and 994 more"));
        let details = status.get_error_details();
        assert_eq!(
            details.bad_request().unwrap().field_violations.len(),
            MAX_VIOLATIONS
        );
    }

    #[test]
    fn a_refusal_carries_its_reason_and_fields() {
        let status = Status::from(Refusal::field(
            "ticket.title",
            Rule::StringMinLen,
            "is empty",
        ));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let info = details.error_info().expect("error info");
        assert_eq!(info.reason, "FIELD_INVALID");
        let bad = details.bad_request().expect("bad request");
        assert_eq!(bad.field_violations[0].field, "ticket.title");
        assert_eq!(bad.field_violations[0].reason, "STRING_MIN_LEN");
    }
}
