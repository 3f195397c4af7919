//! Ends of dated records: how a record that is in effect from one day to another gets
//! its end, and how an end that was entered by mistake is corrected. It decides on the
//! days only: that the records it references are still in effect is checked by the
//! storage.
//!
//! A correction leaves an audit record: the end before and after it, who corrected it
//! and why. The storage writes it to the table `correction` of the service, in the
//! transaction of the change.

use chrono::NaiveDate;
use wangge_kernel::refusal::{Refusal, Rule};

use crate::Change;

/// Name of the action that ends a record, for refusals.
const END: &str = "end";

/// Name of the action that corrects an end, for refusals.
const CORRECT_END: &str = "correct_end";

/// A requested change of a record's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The record ends on this day, the first one on which it is no longer in effect.
    On(NaiveDate),
    /// The existing end was entered by mistake.
    Corrected {
        /// The correct end; `None` if the record has not ended at all.
        day: Option<NaiveDate>,
        /// The reason for the correction; may be personal data.
        reason: String,
    },
}

impl End {
    /// Returns the kind of change, as passed to guards.
    pub fn change<A>(&self) -> Change<A> {
        match self {
            Self::On(_) => Change::End,
            Self::Corrected { .. } => Change::CorrectEnd,
        }
    }

    /// Returns the new end of a record. `start` is its first day, `known` its current
    /// end and `kind` its kind, for refusals.
    ///
    /// Without a reason an end can only be brought forward. Anything else rewrites what
    /// was recorded, so it must be a correction.
    ///
    /// # Errors
    /// Returns `STATE_CONFLICT` if the record ends by that day already, or has no other
    /// end that could be corrected; `FIELD_INVALID` if the day is not after the start.
    pub fn decide(
        &self,
        kind: &str,
        start: NaiveDate,
        known: Option<NaiveDate>,
    ) -> Result<Option<NaiveDate>, Refusal> {
        let day = match self {
            Self::On(day) if known.is_some_and(|end| end <= *day) => {
                return Err(Refusal::state_conflict(kind, "ended", END));
            }
            Self::On(day) => Some(*day),
            Self::Corrected { .. } if known.is_none() => {
                return Err(Refusal::state_conflict(kind, "not ended", CORRECT_END));
            }
            Self::Corrected { day, .. } if *day == known => {
                return Err(Refusal::state_conflict(kind, "ended", CORRECT_END));
            }
            Self::Corrected { day, .. } => *day,
        };
        if day.is_some_and(|day| day <= start) {
            let why = "must be after start_date";
            return Err(Refusal::field("end_date", Rule::DateOrder, why));
        }
        Ok(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2022, 1, day).expect("a day")
    }

    fn decided(end: &End, known: Option<u32>) -> Option<Option<NaiveDate>> {
        end.decide("team", day(1), known.map(day)).ok()
    }

    #[test]
    fn an_end_that_stands_changes_for_a_reason_only() {
        let on = |at| End::On(day(at));
        assert_eq!(decided(&on(5), None), Some(Some(day(5))));
        assert_eq!(decided(&on(5), Some(9)), Some(Some(day(5))), "cut short");
        assert_eq!(decided(&on(5), Some(5)), None);
        assert_eq!(decided(&on(5), Some(3)), None);
        assert_eq!(decided(&on(1), None), None, "not behind the start");
        let corrected = |at: Option<u32>| End::Corrected {
            day: at.map(day),
            reason: "误录".into(),
        };
        assert_eq!(decided(&corrected(Some(5)), Some(3)), Some(Some(day(5))));
        assert_eq!(decided(&corrected(None), Some(3)), Some(None));
        assert_eq!(decided(&corrected(Some(3)), Some(3)), None);
        assert_eq!(decided(&corrected(Some(1)), Some(3)), None);
        assert_eq!(decided(&corrected(Some(5)), None), None, "none stands");
        assert_eq!(decided(&corrected(None), None), None, "none stands");
    }
}
