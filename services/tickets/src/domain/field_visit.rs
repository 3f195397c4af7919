//! Visits to residents and errands run for them, with their outcomes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_records::{Checks, Head, Record, Reference, Text, Told};

use super::area;

coded_enum! {
    /// Kind of a visit. The numbers are the contract's.
    FieldVisitKind {
        /// A visit (走访联系).
        Visit = 1 => "visit",
        /// An errand run for a resident (代办实事).
        Errand = 2 => "errand",
    }
}

/// A visit to a resident, or an errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldVisit {
    /// Fields that every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Visit or errand.
    pub kind: FieldVisitKind,
    /// Id of the visitor, in the organization service.
    pub person_id: Uuid,
    /// Id of the resident, in the organization service.
    pub resident_id: Option<Uuid>,
    /// Time of the visit.
    pub visit_time: DateTime<Utc>,
    /// Outcome of the visit.
    pub outcome: Text,
    /// Id of the ticket that was created from it.
    pub ticket_id: Option<Uuid>,
}

impl Record for FieldVisit {
    const KIND: &'static str = "field_visit";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, _checks: &mut Checks) {}

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("visit_time", &mut self.visit_time)]
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::area(&self.head)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.ticket_id
                .map(|id| Reference::id("ticket_id", "ticket", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn told(&self) -> Told {
        Told {
            parent_id: self.ticket_id,
            subject_id: self.resident_id,
            code: self.kind.name(),
            start_date: Some(day_of(self.visit_time, DEFAULT_ZONE)),
            ..Told::default()
        }
    }
}
