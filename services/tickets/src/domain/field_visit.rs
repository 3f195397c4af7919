//! Visits to residents and errands run for them, with their outcomes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

use super::area;

coded_enum! {
    /// Kinds of field visits, numbered as in the contract.
    FieldVisitKind {
        /// A visit to a resident (走访联系).
        Visit = 1 => "visit",
        /// An errand run for a resident (代办实事).
        Errand = 2 => "errand",
    }
}

/// A visit to a resident, or an errand run for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldVisit {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Kind of the visit.
    pub kind: FieldVisitKind,
    /// Id of the person who made the visit, in the organization service.
    pub person_id: Uuid,
    /// Id of the resident in the organization service; `None` if not known there.
    pub resident_id: Option<Uuid>,
    /// When the visit took place.
    pub visit_time: DateTime<Utc>,
    /// Outcome of the visit, as text.
    pub outcome: Text,
    /// Id of the ticket that resulted; `None` if there is none.
    pub ticket_id: Option<Uuid>,
}

impl Record for FieldVisit {
    const KIND: &'static str = "field_visit";

    metadata!();

    fn check(&self, _checks: &mut Checks) {}

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("visit_time", &mut self.visit_time)]
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::area(&self.metadata)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.ticket_id
                .map(|id| Reference::id("ticket_id", "ticket", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.ticket_id,
            subject_id: self.resident_id,
            code: self.kind.name(),
            start_date: Some(day_of(self.visit_time, DEFAULT_ZONE)),
            ..EventSummary::default()
        }
    }
}
