//! Whether an event can't be applied, or only not now.

use tonic::Code;
use wangge_api::refusal::{Refusal, code};
use wangge_pg::transaction::Failure;

/// Why events were not applied.
#[derive(Debug)]
pub(super) enum Fault {
    /// It lies in the event, and stays.
    OfTheEvent(String),
    /// It lies in the moment, and passes.
    OfTheMoment(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::OfTheMoment(refusal)
    }
}

/// What is wrong with an event whose application failed like this; none if
/// nothing is. The text is kept with the event and names nothing of its content.
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
    use super::*;

    #[test]
    fn a_rule_that_is_broken_is_of_the_event_and_a_conflict_is_of_the_moment() {
        let rule = Refusal::field("record_id", "string.uuid", "must be a UUID");
        let fault = of_the_event(&rule.into()).unwrap();
        assert_eq!(fault, "FIELD_INVALID: record_id: must be a UUID");
        assert!(of_the_event(&Refusal::concurrent_change("record").into()).is_none());
        let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(of_the_event(&io.into()).is_none());
        assert!(of_the_event(&sqlx::Error::RowNotFound.into()).is_some());
    }
}
