//! Functional areas of stations, such as a day-care room.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

/// A functional area (功能区) of a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionalArea {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Maximum number of people at a time, 1 or more.
    pub capacity: i32,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(FunctionalArea);

impl Record for FunctionalArea {
    const KIND: &'static str = "functional_area";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.capacity >= 1,
            "capacity",
            Rule::Int32Gte,
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported by `store::doubles`. No constraint enforces it, since duplicates from
        // before the rule remain valid.
        Refusal::guard(
            Guard::NameTaken,
            Self::KIND,
            "the station already has a functional area of this name on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            amount: self.capacity.into(),
            ..EventSummary::of_dated(self)
        }
    }
}
