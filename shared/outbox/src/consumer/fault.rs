//! Distinguishes permanent faults of an event from temporary failures.

use tonic::Code;
use wangge_api::refusal::{Refusal, code};
use wangge_pg::transaction::Failure;

/// The reason why events were not applied.
#[derive(Debug)]
pub(super) enum Fault {
    /// The event itself can't be applied; a retry fails again.
    OfTheEvent(String),
    /// A temporary failure; a retry may succeed.
    OfTheMoment(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::OfTheMoment(refusal)
    }
}

/// Returns a description of the event's fault; `None` if the failure is temporary.
/// It is stored with the dead letter and contains nothing of the event's content.
pub(super) fn of_the_event(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Store(error) => error.row_fault(),
        Failure::Refused(refusal) => match code(refusal.reason) {
            Code::Unavailable
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled => None,
            _ => Some(format!("{}: {}", refusal.reason.name(), refusal.message)),
        },
    }
}

#[cfg(test)]
mod tests {
    use wangge_api::refusal::Rule;

    use super::*;

    #[test]
    fn a_rule_that_is_broken_is_of_the_event_and_a_conflict_is_of_the_moment() {
        let rule = Refusal::field("record_id", Rule::StringUuid, "must be a UUID");
        let fault = of_the_event(&rule.into()).unwrap();
        assert_eq!(fault, "FIELD_INVALID: record_id: must be a UUID");
        assert!(of_the_event(&Refusal::concurrent_change("record").into()).is_none());
        let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(of_the_event(&io.into()).is_none());
        assert!(of_the_event(&sqlx::Error::RowNotFound.into()).is_some());
    }
}
