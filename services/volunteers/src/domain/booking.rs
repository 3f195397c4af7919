//! Bookings of places in sessions. A booking belongs to the area of its session.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Told, states};

states! {
    /// States of a booking. The numbers are those of the contract.
    BookingState for Booking {
        /// Booked: it takes a place.
        Booked = 1 => "booked",
        /// The resident came. Final.
        Attended = 2 => "attended",
        /// The resident did not come. Final.
        Missed = 3 => "missed",
        /// Cancelled; the place is free again. Final.
        Cancelled = 4 => "cancelled",
    }
    "attend": Booked => Attended,
    "miss": Booked => Missed,
    "cancel": Booked => Cancelled,
}

/// A place in a session on one day, booked for a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Fields common to all records; the area is that of the session.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<BookingState>,
    /// Id of the session.
    pub recurring_session_id: Uuid,
    /// Day of the session that is booked.
    pub session_date: NaiveDate,
    /// Id of the resident, in the organization service.
    pub resident_id: Uuid,
}

/// How far ahead `session_date` may be booked.
const HORIZON: TimeDelta = TimeDelta::days(90);

impl Record for Booking {
    const KIND: &'static str = "booking";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        // Measured from the day of the booking, not from today, so that an imported booking
        // doesn't become valid or invalid with time.
        let booked = day_of(self.head.created_time, DEFAULT_ZONE);
        checks.rule(
            self.session_date - booked <= HORIZON,
            "session_date",
            "booking.horizon",
            "must be at most 90 days ahead",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id(
            "recurring_session_id",
            "recurring_session",
            self.recurring_session_id,
        )]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.recurring_session_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "booked_already",
            Self::KIND,
            "the resident has a place in it",
        )
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.recurring_session_id),
            subject_id: Some(self.resident_id),
            start_date: Some(self.session_date),
            ..Told::course(self)
        }
    }
}

impl Stateful for Booking {
    type State = BookingState;

    fn course(&self) -> &Course<BookingState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<BookingState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(BookingState::ALL));
    }
}
