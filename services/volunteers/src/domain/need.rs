//! The needs of a community (需求清单).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::{area, service_event::ServiceKind};

/// Something that residents or a unit need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Description of the need, 1 to 100 characters.
    pub title: Text,
    /// Kind of service that is needed.
    pub kind: ServiceKind,
    /// Id of the unit that has the need, if a unit has.
    pub unit_id: Option<Uuid>,
    /// Id of the resident who has the need, in the organization service; not verified.
    pub resident_id: Option<Uuid>,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(Need);

impl Record for Need {
    const KIND: &'static str = "need";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        // The unit is verified against the copy of organization's units; the resident
        // can't be, since no feed brings residents to this service.
        [
            Some(
                Reference::area(&self.metadata)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.unit_id.map(|id| Reference::id("unit_id", "unit", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    // No title: events contain public names only, never what somebody has written.
    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: None,
            subject_id: self.resident_id.or(self.unit_id),
            code: self.kind.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
