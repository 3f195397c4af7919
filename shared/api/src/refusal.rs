//! Refusals: the only form in which a service rejects a call. A refusal becomes a
//! gRPC status with exactly one `ErrorInfo` and the details that apply. Internal
//! error messages are never part of it.

use std::{collections::HashMap, fmt, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

pub use crate::errors::v1::Reason;

/// The `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "wangge";

/// A field that violates a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field within the request, e.g. `ticket.title`.
    pub field: String,
    /// Id of the violated rule, e.g. `string.max_len`.
    pub rule: String,
    /// Human-readable description of the violation.
    pub description: String,
}

impl FieldViolation {
    /// Creates a violation from the field's path, the rule's id and a description.
    pub fn new(
        field: impl Into<String>,
        rule: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
            description: description.into(),
        }
    }
}

/// A rejected call, with everything that the caller receives about it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status code of the response.
    pub code: Code,
    /// The stable reason, from the contract's enum.
    pub reason: Reason,
    /// Human-readable message of the status.
    pub message: String,
    /// Fields that violate rules, sent as `BadRequest`.
    pub fields: Vec<FieldViolation>,
    /// Preconditions that don't hold: (kind, subject, description).
    pub preconditions: Vec<(String, String, String)>,
    /// The record concerned: (kind, name), sent as `ResourceInfo`.
    pub resource: Option<(String, String)>,
    /// The retry delay, if a retry may succeed; sent as `RetryInfo`.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Creates a refusal without details.
    pub fn new(code: Code, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            fields: Vec::new(),
            preconditions: Vec::new(),
            resource: None,
            retry_after: None,
        }
    }

    /// Creates a refusal for fields that violate the contract's rules.
    pub fn fields(fields: Vec<FieldViolation>) -> Self {
        let message = fields
            .iter()
            .map(|violation| {
                if violation.field.is_empty() {
                    violation.description.clone()
                } else {
                    format!("{}: {}", violation.field, violation.description)
                }
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            fields,
            ..Self::new(Code::InvalidArgument, Reason::FieldInvalid, message)
        }
    }

    /// Creates a refusal for one field that violates a rule.
    pub fn field(field: &str, rule: &str, description: impl Into<String>) -> Self {
        Self::fields(vec![FieldViolation::new(field, rule, description)])
    }

    /// Creates a refusal for a reference to a record that doesn't exist in the
    /// caller's scope.
    pub fn unknown_reference(field: &str, kind: &str) -> Self {
        Self {
            reason: Reason::ReferenceUnknown,
            ..Self::field(field, "reference", format!("there is no such {kind}"))
        }
    }

    /// Creates a refusal for a value whose effect is wider than the caller's area.
    pub fn area_too_narrow(field: &str, description: &str) -> Self {
        let violation = FieldViolation::new(field, "area", description);
        Self {
            fields: vec![violation],
            ..Self::new(
                Code::PermissionDenied,
                Reason::AreaTooNarrow,
                format!("{field}: {description}"),
            )
        }
    }

    /// Creates a refusal for a record that doesn't exist, or isn't in the caller's
    /// scope.
    pub fn not_found(kind: &str, name: impl Into<String>) -> Self {
        // The same in both cases, so that a caller can't find out what exists
        // outside its scope.
        Self {
            resource: Some((kind.to_owned(), name.into())),
            ..Self::new(
                Code::NotFound,
                Reason::RecordNotFound,
                format!("there is no such {kind}"),
            )
        }
    }

    /// Creates a refusal for an id, code or key that another record already has.
    pub fn exists(kind: &str, field: &str) -> Self {
        Self {
            resource: Some((kind.to_owned(), String::new())),
            fields: vec![FieldViolation::new(field, "unique", "is in use already")],
            ..Self::new(
                Code::AlreadyExists,
                Reason::RecordExists,
                format!("{field}: another {kind} has it already"),
            )
        }
    }

    /// Creates a refusal for an action that is invalid in the record's state.
    pub fn state_conflict(kind: &str, state: &str, action: &str) -> Self {
        let description = format!("{action} is not legal in state {state}");
        Self {
            preconditions: vec![("STATE".to_owned(), kind.to_owned(), description.clone())],
            ..Self::new(
                Code::FailedPrecondition,
                Reason::StateConflict,
                format!("{kind}: {description}"),
            )
        }
    }

    /// Creates a refusal for a guard that doesn't hold; `guard` is its stable name.
    pub fn guard(guard: &str, kind: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self {
            preconditions: vec![(guard.to_owned(), kind.to_owned(), description.clone())],
            ..Self::new(
                Code::FailedPrecondition,
                Reason::GuardFailed,
                format!("{kind}: {description}"),
            )
        }
    }

    /// Creates a refusal for a record that has changed since the etag was read.
    pub fn etag_mismatch(kind: &str) -> Self {
        // Without a retry delay: the same call can't succeed, the caller has to
        // read again.
        Self::new(
            Code::Aborted,
            Reason::EtagMismatch,
            format!("the {kind} has changed since the etag was read: read it again, then decide"),
        )
    }

    /// Creates a refusal for a write that conflicted with concurrent ones.
    pub fn concurrent_change(kind: &str) -> Self {
        Self {
            retry_after: Some(Duration::from_millis(50)),
            ..Self::new(
                Code::Aborted,
                Reason::ConcurrentChange,
                format!("the {kind} is being changed by others: try again"),
            )
        }
    }

    /// Creates a refusal for a request id that was used with other content.
    pub fn request_id_reused() -> Self {
        Self {
            fields: vec![FieldViolation::new(
                "request_id",
                "unique",
                "was used before with other content",
            )],
            ..Self::new(
                Code::AlreadyExists,
                Reason::RequestIdReused,
                "request_id: was used before with other content",
            )
        }
    }

    /// Creates a refusal for a dependency that is temporarily unavailable.
    pub fn unavailable(reason: Reason, message: &str, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Code::Unavailable, reason, message)
        }
    }

    /// Creates a refusal for an internal error. The error is logged here, once, and
    /// isn't sent to the caller.
    pub fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!(error = %error, "internal error");
        Self::new(Code::Internal, Reason::Internal, "internal error")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Returns true if a status has the reason.
pub fn carries(status: &Status, reason: Reason) -> bool {
    status
        .get_details_error_info()
        .is_some_and(|info| info.reason == reason_name(reason))
}

/// Returns the reason's name in `ErrorInfo`, without the enum's prefix.
pub fn reason_name(reason: Reason) -> &'static str {
    reason.as_str_name().trim_start_matches("REASON_")
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason_name(refusal.reason), DOMAIN, HashMap::new());
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
        Status::with_error_details(refusal.code, refusal.message, details)
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
