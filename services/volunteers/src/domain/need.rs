//! Needs of a community.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::{area, service_event::ServiceKind};

/// A need of a community, a unit or a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Title: what is needed.
    pub title: Text,
    /// Subject of the service that would meet it.
    pub kind: ServiceKind,
    /// Id of the unit that needs it, if any.
    pub unit_id: Option<Uuid>,
    /// Id of the resident who needs it, in the organization service.
    pub resident_id: Option<Uuid>,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(Need);

impl Record for Need {
    const KIND: &'static str = "need";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::area(&self.head)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.unit_id.map(|id| Reference::id("unit_id", "unit", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn told(&self) -> Told {
        Told {
            parent_id: None,
            subject_id: self.resident_id.or(self.unit_id),
            code: self.kind.name(),
            ..Told::dated(self)
        }
    }
}
