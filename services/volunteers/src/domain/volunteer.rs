//! Volunteers and their skills. No phone number or identity number is stored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// A volunteer of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volunteer {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name, 1 to 100 characters; personal data.
    pub name: Text,
    /// Id of the person in the organization service, if known there; not verified.
    pub person_id: Option<Uuid>,
    /// Skills of the volunteer, each 1 to 50 characters.
    pub skills: Vec<Text>,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(Volunteer);

impl Record for Volunteer {
    const KIND: &'static str = "volunteer";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).of(area::COMMUNITIES, "must be a community")]
    }

    // No title: the name is personal data, which events don't contain.
    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: self.person_id,
            ..EventSummary::of_dated(self)
        }
    }
}
