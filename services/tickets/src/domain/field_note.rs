//! Notes that grid workers take on the spot.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

use super::area;

/// A note of a grid worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNote {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// When the note was taken.
    pub noted_time: DateTime<Utc>,
    /// Text of the note.
    pub text: Text,
    /// Id of the ticket that resulted; `None` if there is none.
    pub ticket_id: Option<Uuid>,
}

impl Record for FieldNote {
    const KIND: &'static str = "field_note";

    metadata!();

    fn check(&self, _checks: &mut Checks) {}

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("noted_time", &mut self.noted_time)]
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
            subject_id: Some(self.person_id),
            start_date: Some(day_of(self.noted_time, DEFAULT_ZONE)),
            ..EventSummary::default()
        }
    }
}
