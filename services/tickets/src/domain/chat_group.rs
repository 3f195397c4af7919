//! Residents' chat groups, in which staff on duty reply publicly.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// A residents' chat group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatGroup {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name of the group.
    pub name: Text,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` until an end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(ChatGroup);

impl Record for ChatGroup {
    const KIND: &'static str = "chat_group";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}
