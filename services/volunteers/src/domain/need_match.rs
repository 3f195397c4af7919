//! Matches of needs with resources and volunteers, with the reason for each. A match
//! belongs to the area of the need.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

/// A match between a need and a resource that can meet it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedMatch {
    /// Fields common to all records; the area is that of the need.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the need.
    pub need_id: Uuid,
    /// Id of the resource.
    pub resource_id: Uuid,
    /// Id of a volunteer who helps, if there is one.
    pub volunteer_id: Option<Uuid>,
    /// Reason for the match, 1 to 500 characters.
    pub reason: Text,
    /// Day on which the match was made.
    pub match_date: NaiveDate,
}

impl Record for NeedMatch {
    const KIND: &'static str = "need_match";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.match_date, "match_date");
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id("need_id", "need", self.need_id)),
            Some(Reference::id("resource_id", "resource", self.resource_id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.need_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported by `store::doubles`. No constraint enforces it, since duplicates from
        // before the rule remain valid.
        Refusal::guard(
            Guard::MatchedAlready,
            Self::KIND,
            "the need has already been matched with this resource",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.need_id),
            subject_id: Some(self.resource_id),
            // Also the day on which the need, the resource and the volunteer must be in
            // effect.
            start_date: Some(self.match_date),
            ..EventSummary::default()
        }
    }
}
