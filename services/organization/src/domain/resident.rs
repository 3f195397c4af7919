//! Residents. A resident is in the area of the household. Phone and identity numbers are
//! not stored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

/// A resident of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// Fields of every record; the area is that of the household.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The household that the resident belongs to.
    pub household_id: Uuid,
    /// Name: personal data.
    pub name: Text,
    /// True if the resident is a member of the Party.
    pub is_party_member: bool,
    /// First day of residence in the household.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(Resident);

impl Record for Resident {
    const KIND: &'static str = "resident";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id(
            "household_id",
            "household",
            self.household_id,
        )]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.household_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.household_id),
            ..EventSummary::of_dated(self)
        }
    }
}
