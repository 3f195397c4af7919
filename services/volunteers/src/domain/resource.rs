//! The resources of a community: rooms, skills, goods and labour that units and
//! volunteers can provide (资源).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::{area, service_event::ServiceKind};

/// Something that a unit or a volunteer can provide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Description of the resource, 1 to 100 characters.
    pub title: Text,
    /// Kind of service that it can provide.
    pub kind: ServiceKind,
    /// Id of the unit that provides it; `None` if a volunteer does.
    pub unit_id: Option<Uuid>,
    /// Id of the volunteer who provides it; `None` if a unit does.
    pub volunteer_id: Option<Uuid>,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(Resource);

impl Record for Resource {
    const KIND: &'static str = "resource";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        let count = usize::from(self.unit_id.is_some()) + usize::from(self.volunteer_id.is_some());
        let why = "exactly one of unit_id and volunteer_id is required";
        checks.rule(count == 1, "unit_id", Rule::MessageOneof, why);
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::area(&self.metadata)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.unit_id.map(|id| Reference::id("unit_id", "unit", id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: self.unit_id.or(self.volunteer_id),
            code: self.kind.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
