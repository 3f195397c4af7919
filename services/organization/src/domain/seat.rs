//! Seats of a community's big committee, each held by one person for a term.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, dated, metadata};

use super::area;

coded_enum! {
    /// The way that a seat is held. The numbers are those of the contract.
    SeatKind {
        /// Held by a full-time member.
        FullTime = 1 => "full_time",
        /// Held by a part-time member, the head of a resident unit's organisation.
        PartTime = 2 => "part_time",
    }
}

/// A seat of a community's big committee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Fields of every record; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The way that the seat is held.
    pub kind: SeatKind,
    /// The person who holds the seat.
    pub person_id: Uuid,
    /// The unit that the person represents.
    pub unit_id: Uuid,
    /// First day of the term.
    pub start_date: NaiveDate,
    /// First day after the term.
    pub end_date: Option<NaiveDate>,
}
dated!(Seat);

impl Record for Seat {
    const KIND: &'static str = "seat";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata).of(area::COMMUNITY, "must be a community"),
            Reference::id("person_id", "person", self.person_id),
            Reference::id("unit_id", "unit", self.unit_id),
        ]
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::SeatedAlready,
            Self::KIND,
            "the person already holds a seat of the committee on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.unit_id),
            subject_id: Some(self.person_id),
            code: self.kind.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
