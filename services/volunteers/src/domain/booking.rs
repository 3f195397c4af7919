//! Bookings of places in recurring sessions. A booking belongs to the area of its
//! session.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

states! {
    /// States of a booking, numbered as in the contract.
    BookingState {
        /// The place is booked.
        Booked = 1 => "booked",
        /// The resident attended. Final.
        Attended = 2 => "attended",
        /// The resident did not attend. Final.
        Missed = 3 => "missed",
        /// Cancelled; the place is available again. Final.
        Cancelled = 4 => "cancelled",
    }
    BookingAction {
        Attend = "attend": Booked => Attended,
        Miss = "miss": Booked => Missed,
        Cancel = "cancel": Booked => Cancelled,
    }
}

/// A place in a session on one day, booked for a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Fields common to all records; the area is that of the session.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<BookingState>,
    /// Id of the recurring session.
    pub recurring_session_id: Uuid,
    /// Day on which the session is held.
    pub session_date: NaiveDate,
    /// Id of the resident, in the organization service; not verified.
    pub resident_id: Uuid,
}

/// Maximum time between the creation of a booking and its `session_date`.
const HORIZON: TimeDelta = TimeDelta::days(90);

impl Record for Booking {
    const KIND: &'static str = "booking";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        // Measured from the day of creation rather than from today, so that imported
        // bookings are judged by the day on which they were made.
        let booked = day_of(self.metadata.created_time, DEFAULT_ZONE);
        checks.rule(
            self.session_date - booked <= HORIZON,
            "session_date",
            Rule::BookingHorizon,
            "must be at most 90 days ahead",
        );
    }

    fn references(&self) -> Vec<Reference> {
        // No reference to the resident: no feed brings residents to this service.
        vec![Reference::id(
            "recurring_session_id",
            "recurring_session",
            self.recurring_session_id,
        )]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.recurring_session_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported for a violation of `booking_resident`, an index that ignores cancelled
        // bookings: the resident can book the same place again.
        Refusal::guard(
            Guard::BookedAlready,
            Self::KIND,
            "the resident already has a place in the session",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.recurring_session_id),
            subject_id: Some(self.resident_id),
            // Also the day on which the session must be in effect: without it, references
            // are checked for today.
            start_date: Some(self.session_date),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for Booking {
    lifecycle!(BookingState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(BookingState::ALL));
    }
}
