//! Refusals: the errors that a rule returns. Pure, so that the domain can refuse
//! without knowing how a refusal travels: a [`Reason`], a sentence, and what the
//! caller needs to act on it. Text about the platform's own internals never
//! enters a refusal.
//!
//! How a refusal becomes a gRPC status is in [`grpc`], behind the feature of the
//! same name, which only crates that serve or call gRPC ask for.

#[cfg(feature = "grpc")]
pub mod grpc;

use std::{fmt, time::Duration};

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

/// Why a call was refused: the contract's `wangge.errors.v1.Reason`, where each is
/// documented with its gRPC code and what a caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Fields break the rules of the contract.
    FieldInvalid,
    /// The page token belongs to another list, or to other arguments.
    PageTokenInvalid,
    /// A record that the request names does not exist for the caller.
    ReferenceUnknown,
    /// No bearer token was sent.
    TokenMissing,
    /// The token is not accepted.
    TokenInvalid,
    /// The token has expired.
    TokenExpired,
    /// None of the roles of the caller may call the method.
    RoleNotAllowed,
    /// The record holds for more than the area of the caller.
    AreaTooNarrow,
    /// The record does not exist for the caller.
    RecordNotFound,
    /// Another record has this id, code or key.
    RecordExists,
    /// The record has changed since its etag was read.
    EtagMismatch,
    /// Too many writers changed the record at once.
    ConcurrentChange,
    /// The request id was used before with other content.
    RequestIdReused,
    /// The action is not legal in the state of the record.
    StateConflict,
    /// A guard of the action does not hold.
    GuardFailed,
    /// The feed no longer has this position in its history.
    FeedTokenUnknown,
    /// The feed token is malformed or belongs to another feed.
    FeedTokenInvalid,
    /// The reader of a feed lagged too far behind.
    FeedReaderSlow,
    /// The state that the caller waits for has not arrived yet.
    NotYetVisible,
    /// The database cannot be reached.
    DatabaseUnavailable,
    /// The service, or the caller, has its limit of calls in flight.
    Overloaded,
    /// The deadline of the call has passed.
    DeadlineExceeded,
    /// The service is shutting down.
    ShuttingDown,
    /// The service has no such method.
    MethodUnknown,
    /// A fault of the platform; it was logged with the trace id.
    Internal,
}

impl Reason {
    /// All reasons, in the order of the contract.
    pub const ALL: &'static [Self] = &[
        Self::FieldInvalid,
        Self::PageTokenInvalid,
        Self::ReferenceUnknown,
        Self::TokenMissing,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::RoleNotAllowed,
        Self::AreaTooNarrow,
        Self::RecordNotFound,
        Self::RecordExists,
        Self::EtagMismatch,
        Self::ConcurrentChange,
        Self::RequestIdReused,
        Self::StateConflict,
        Self::GuardFailed,
        Self::FeedTokenUnknown,
        Self::FeedTokenInvalid,
        Self::FeedReaderSlow,
        Self::NotYetVisible,
        Self::DatabaseUnavailable,
        Self::Overloaded,
        Self::DeadlineExceeded,
        Self::ShuttingDown,
        Self::MethodUnknown,
        Self::Internal,
    ];

    /// Returns the name as `ErrorInfo.reason` carries it. Example: `FIELD_INVALID`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FieldInvalid => "FIELD_INVALID",
            Self::PageTokenInvalid => "PAGE_TOKEN_INVALID",
            Self::ReferenceUnknown => "REFERENCE_UNKNOWN",
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::RoleNotAllowed => "ROLE_NOT_ALLOWED",
            Self::AreaTooNarrow => "AREA_TOO_NARROW",
            Self::RecordNotFound => "RECORD_NOT_FOUND",
            Self::RecordExists => "RECORD_EXISTS",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::ConcurrentChange => "CONCURRENT_CHANGE",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::StateConflict => "STATE_CONFLICT",
            Self::GuardFailed => "GUARD_FAILED",
            Self::FeedTokenUnknown => "FEED_TOKEN_UNKNOWN",
            Self::FeedTokenInvalid => "FEED_TOKEN_INVALID",
            Self::FeedReaderSlow => "FEED_READER_SLOW",
            Self::NotYetVisible => "NOT_YET_VISIBLE",
            Self::DatabaseUnavailable => "DATABASE_UNAVAILABLE",
            Self::Overloaded => "OVERLOADED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::ShuttingDown => "SHUTTING_DOWN",
            Self::MethodUnknown => "METHOD_UNKNOWN",
            Self::Internal => "INTERNAL",
        }
    }
}

/// A rejected call, with everything that the caller receives about it.
#[derive(Debug, Clone)]
pub struct Refusal {
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
    /// Creates a refusal with a reason and a sentence, and no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
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
            ..Self::new(Reason::FieldInvalid, message)
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
            fields: vec![FieldViolation::new(field, "unique", "is already in use")],
            ..Self::new(
                Reason::RecordExists,
                format!("{field}: another {kind} already has this value"),
            )
        }
    }

    /// Creates a refusal for an action that is invalid in the record's state.
    pub fn state_conflict(kind: &str, state: &str, action: &str) -> Self {
        let description = format!("{action} is not legal in state {state}");
        Self {
            preconditions: vec![("STATE".to_owned(), kind.to_owned(), description.clone())],
            ..Self::new(Reason::StateConflict, format!("{kind}: {description}"))
        }
    }

    /// Creates a refusal for a guard that doesn't hold; `guard` is its stable name.
    pub fn guard(guard: &str, kind: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self {
            preconditions: vec![(guard.to_owned(), kind.to_owned(), description.clone())],
            ..Self::new(Reason::GuardFailed, format!("{kind}: {description}"))
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
                "unique",
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
