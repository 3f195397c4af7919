//! Buildings. Each belongs to an estate and is in one grid.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// A building of an estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    /// Fields of every record; the area is a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The estate that it belongs to.
    pub estate_id: Uuid,
    /// Its name or number.
    pub name: Text,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(Building);

impl Building {
    /// Returns the key that is unique at any one time: the estate, and the name in it.
    pub fn place(&self) -> (Uuid, &str) {
        (self.estate_id, &self.name.0)
    }
}

impl Record for Building {
    const KIND: &'static str = "building";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::id("estate_id", "estate", self.estate_id),
            Reference::area(&self.metadata).of(area::GRID, "must be a grid"),
        ]
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::NameTaken,
            Self::KIND,
            "the estate already has a building of this name on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.estate_id),
            ..EventSummary::of_dated(self)
        }
    }
}
