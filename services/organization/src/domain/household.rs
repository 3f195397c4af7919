//! Households: the people who live behind one door. A household is in the area of its
//! building.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

/// A household of a building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Fields of every record; the area is that of the building.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The building that it lives in.
    pub building_id: Uuid,
    /// Staircase and room: personal data.
    pub room: Text,
    /// First day on which it lives there.
    pub start_date: NaiveDate,
    /// First day on which it no longer lives there.
    pub end_date: Option<NaiveDate>,
}
dated!(Household);

impl Household {
    /// Returns the key that is unique at any one time: the building, and the room in it.
    pub fn place(&self) -> (Uuid, &str) {
        (self.building_id, &self.room.0)
    }
}

impl Record for Household {
    const KIND: &'static str = "household";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("building_id", "building", self.building_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.building_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::DoorTaken,
            Self::KIND,
            "another household has this door on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.building_id),
            ..EventSummary::of_dated(self)
        }
    }
}
