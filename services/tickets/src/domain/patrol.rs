//! Patrols of grids by grid workers and committee members.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Note, Record, Reference, metadata};

use super::area;

/// A patrol of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patrol {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// When the patrol began.
    pub start_time: DateTime<Utc>,
    /// When the patrol ended: after `start_time`, by at most 24 hours.
    pub end_time: DateTime<Utc>,
    /// Number of things found that need action, 0 or more.
    pub found_count: i32,
    /// Observations, up to 500 characters.
    pub note: Note,
}

impl Record for Patrol {
    const KIND: &'static str = "patrol";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        // The search for overlapping patrols relies on the upper bound.
        let length = self.end_time - self.start_time;
        checks.rule(
            length > TimeDelta::zero() && length <= TimeDelta::hours(24),
            "end_time",
            Rule::TimeOrder,
            "must be after start_time, by at most 24 hours",
        );
        checks.rule(
            self.found_count >= 0,
            "found_count",
            Rule::Int32Gte,
            "must be 0 or more",
        );
    }

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("end_time", &mut self.end_time)]
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: Some(self.person_id),
            amount: self.found_count.into(),
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..EventSummary::default()
        }
    }
}
