//! Refusals: the one shape in which a service says no. A refusal becomes a
//! gRPC status with exactly one `ErrorInfo` and the details that apply; text
//! about our own insides never enters it.

use std::{collections::HashMap, fmt, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

pub use crate::errors::v1::Reason;

/// The `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "wangge";

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field within the request, e.g. `ticket.title`.
    pub field: String,
    /// Which rule it breaks, e.g. `string.max_len`.
    pub rule: String,
    /// What is wrong, for a person to read.
    pub description: String,
}

impl FieldViolation {
    /// Names the field, the rule and what is wrong.
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

/// Why a call was refused, with everything the caller is told.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The gRPC code.
    pub code: Code,
    /// The reason, one of the contract's list.
    pub reason: Reason,
    /// A sentence for a person.
    pub message: String,
    /// Fields that break rules.
    pub fields: Vec<FieldViolation>,
    /// Preconditions that do not hold: (kind, subject, description).
    pub preconditions: Vec<(String, String, String)>,
    /// The record concerned: (kind, name).
    pub resource: Option<(String, String)>,
    /// After which time a repetition may succeed.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with a code, a reason and a sentence, and no details.
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

    /// Fields break the contract's rules.
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

    /// One field breaks a rule.
    pub fn field(field: &str, rule: &str, description: impl Into<String>) -> Self {
        Self::fields(vec![FieldViolation::new(field, rule, description)])
    }

    /// A field names a record that is not there for the caller.
    pub fn unknown_reference(field: &str, kind: &str) -> Self {
        Self {
            reason: Reason::ReferenceUnknown,
            ..Self::field(field, "reference", format!("there is no such {kind}"))
        }
    }

    /// What a field says holds for more than the caller's area.
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

    /// There is no such record, or the caller may not see it.
    pub fn not_found(kind: &str, name: impl Into<String>) -> Self {
        Self {
            resource: Some((kind.to_owned(), name.into())),
            ..Self::new(
                Code::NotFound,
                Reason::RecordNotFound,
                format!("there is no such {kind}"),
            )
        }
    }

    /// Another record has this id, code or key.
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

    /// The action is not legal in the record's state.
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

    /// A guard of the action does not hold; `guard` is a stable name.
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

    /// The record changed since its etag was read.
    pub fn etag_mismatch(kind: &str) -> Self {
        Self::new(
            Code::Aborted,
            Reason::EtagMismatch,
            format!("the {kind} has changed since the etag was read: read it again, then decide"),
        )
    }

    /// Too many writers at once on one record.
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

    /// The request id was used before with other content.
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

    /// Something is out of reach for the moment.
    pub fn unavailable(reason: Reason, message: &str, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Code::Unavailable, reason, message)
        }
    }

    /// A fault of ours. It is logged here, once, and the caller is told
    /// nothing of it.
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

/// The reason as it stands in `ErrorInfo`: without the enum's prefix.
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

/// A rule's id as the standard wants reasons: `string.max_len` becomes
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
