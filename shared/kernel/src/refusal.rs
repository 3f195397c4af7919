//! Refusals: the errors that a rule returns. Pure, so that the domain can refuse
//! without knowing how a refusal travels: a [`Reason`], a sentence, and what the
//! caller needs to act on it. Text about the platform's own internals never
//! enters a refusal.
//!
//! How a refusal becomes a gRPC status is in [`grpc`], behind the feature of the
//! same name, which only crates that serve or call gRPC ask for.

#[cfg(feature = "grpc")]
pub mod grpc;
mod guard;
mod reason;
mod rule;

use std::{fmt, time::Duration};

pub use guard::Guard;
pub use reason::Reason;
pub use rule::Rule;

/// A field that violates a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field within the request, e.g. `ticket.title`.
    pub field: String,
    /// Name of the violated rule, e.g. `STRING_MAX_LEN`.
    pub rule: String,
    /// Human-readable description of the violation.
    pub description: String,
}

impl FieldViolation {
    /// Creates a violation from the field's path, the rule and a description.
    pub fn new(field: impl Into<String>, rule: Rule, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            rule: rule.name().to_owned(),
            description: description.into(),
        }
    }

    /// Creates a violation of a rule that the contract declares, from the field's path,
    /// protovalidate's id of the rule, such as `string.max_len`, and a description.
    pub fn of_contract(
        field: impl Into<String>,
        rule: &str,
        description: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            rule: upper_snake(rule),
            description: description.into(),
        }
    }
}

/// Converts protovalidate's id of a rule to the format of names: `string.max_len` becomes
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

/// A precondition that doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition {
    /// The guard that failed; `None` if it is the state of the record.
    pub guard: Option<Guard>,
    /// The kind of the record that it is about: the one to be written, or for a guard of
    /// a reference the one that it references.
    pub subject: String,
    /// The field of the record to be written that is the cause; empty if there is no
    /// single one.
    pub field: String,
    /// Human-readable description of what doesn't hold.
    pub description: String,
}

/// Maximum number of violations that a status carries. It travels in the trailers, of
/// which clients accept 8 KiB by default: with more, they would see no details at all.
const MAX_VIOLATIONS: usize = 16;

/// Maximum number of violations that the message of a status names, which is in the
/// trailers twice.
const MAX_NAMED: usize = 6;

/// A rejected call, with everything that the caller receives about it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The stable reason, from the contract's enum.
    pub reason: Reason,
    /// Human-readable message of the status.
    pub message: String,
    /// Fields that violate rules, sent as `BadRequest`.
    pub fields: Vec<FieldViolation>,
    /// The precondition that doesn't hold, sent as `PreconditionFailure`.
    pub precondition: Option<Precondition>,
    /// The record concerned: (kind, name), sent as `ResourceInfo`.
    pub resource: Option<(String, String)>,
    /// The retry delay, if a retry may succeed; sent as `RetryInfo`.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Creates a refusal with a reason and a sentence, and no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            fields: Vec::new(),
            precondition: None,
            resource: None,
            retry_after: None,
        }
    }

    /// Creates a refusal for fields that violate the contract's rules.
    pub fn fields(fields: Vec<FieldViolation>) -> Self {
        let more = fields.len().saturating_sub(MAX_NAMED);
        let mut message = fields
            .iter()
            .take(MAX_NAMED)
            .map(|violation| {
                if violation.field.is_empty() {
                    violation.description.clone()
                } else {
                    format!("{}: {}", violation.field, violation.description)
                }
            })
            .collect::<Vec<_>>()
            .join("; ");
        if more > 0 {
            message.push_str(&format!("; and {more} more"));
        }
        Self {
            fields,
            ..Self::new(Reason::FieldInvalid, message)
        }
    }

    /// Creates a refusal for one field that violates a rule.
    pub fn field(field: &str, rule: Rule, description: impl Into<String>) -> Self {
        Self::fields(vec![FieldViolation::new(field, rule, description)])
    }

    /// Creates a refusal for a reference to a record that doesn't exist in the
    /// caller's scope.
    pub fn unknown_reference(field: &str, kind: &str) -> Self {
        Self {
            reason: Reason::ReferenceUnknown,
            ..Self::field(field, Rule::Reference, format!("there is no such {kind}"))
        }
    }

    /// Creates a refusal for a value whose effect is wider than the caller's area.
    pub fn area_too_narrow(field: &str, description: &str) -> Self {
        let violation = FieldViolation::new(field, Rule::Area, description);
        Self {
            fields: vec![violation],
            ..Self::new(Reason::AreaTooNarrow, format!("{field}: {description}"))
        }
    }

    /// Creates a refusal for a record that doesn't exist, or isn't in the caller's
    /// scope.
    pub fn not_found(kind: &str, name: impl Into<String>) -> Self {
        Self {
            resource: Some((kind.to_owned(), name.into())),
            ..Self::new(Reason::RecordNotFound, format!("there is no such {kind}"))
        }
    }

    /// Creates a refusal for an id, code or key that another record already has.
    pub fn exists(kind: &str, field: &str) -> Self {
        Self {
            resource: Some((kind.to_owned(), String::new())),
            fields: vec![FieldViolation::new(
                field,
                Rule::Unique,
                "is already in use",
            )],
            ..Self::new(
                Reason::RecordExists,
                format!("{field}: another {kind} already has this value"),
            )
        }
    }

    /// Creates a refusal for an action that is invalid in the record's state.
    pub fn state_conflict(kind: &str, state: &str, action: &str) -> Self {
        let description = format!("{action} is not legal in state {state}");
        Self::precondition(Reason::StateConflict, None, kind, "", description)
    }

    /// Creates a refusal for a guard that doesn't hold. `kind` is the kind of the record
    /// to be written.
    pub fn guard(guard: Guard, kind: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self::precondition(Reason::GuardFailed, Some(guard), kind, "", description)
    }

    /// Creates a refusal for a guard of a reference. `kind` is the kind of the referenced
    /// record, and `field` the field that references it.
    pub fn reference_guard(guard: Guard, kind: &str, field: &str, description: &str) -> Self {
        let description = format!("{field}: {description}");
        Self::precondition(Reason::GuardFailed, Some(guard), kind, field, description)
    }

    fn precondition(
        reason: Reason,
        guard: Option<Guard>,
        kind: &str,
        field: &str,
        description: String,
    ) -> Self {
        Self {
            precondition: Some(Precondition {
                guard,
                subject: kind.to_owned(),
                field: field.to_owned(),
                description: description.clone(),
            }),
            ..Self::new(reason, format!("{kind}: {description}"))
        }
    }

    /// Creates a refusal for a record that has changed since the etag was read.
    pub fn etag_mismatch(kind: &str) -> Self {
        Self::new(
            Reason::EtagMismatch,
            format!("the {kind} was changed since the etag was read: read it again and retry"),
        )
    }

    /// Creates a refusal for a write that conflicted with concurrent ones.
    pub fn concurrent_change(kind: &str) -> Self {
        Self {
            retry_after: Some(Duration::from_millis(50)),
            ..Self::new(
                Reason::ConcurrentChange,
                format!("the {kind} is being changed by another request: try again"),
            )
        }
    }

    /// Creates a refusal for a request id that was used with other content.
    pub fn request_id_reused() -> Self {
        Self {
            fields: vec![FieldViolation::new(
                "request_id",
                Rule::Unique,
                "was already used with different content",
            )],
            ..Self::new(
                Reason::RequestIdReused,
                "request_id: was already used with different content",
            )
        }
    }

    /// Creates a refusal for a dependency that is temporarily unavailable.
    pub fn unavailable(reason: Reason, message: &str, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(reason, message)
        }
    }

    /// Creates a refusal for an internal error. The error is logged here, once, and
    /// isn't sent to the caller.
    pub fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!(error = %error, "internal error");
        Self::new(Reason::Internal, "internal error")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
