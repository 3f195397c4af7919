//! Matches of needs with resources and volunteers, each with its reason. A match belongs to
//! the area of its need.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{Checks, Head, Record, Reference, Text, Told};

/// A need and the resource that meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedMatch {
    /// Fields common to all records; the area is that of the need.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the need.
    pub need_id: Uuid,
    /// Id of the resource.
    pub resource_id: Uuid,
    /// Id of a volunteer who helps, if any.
    pub volunteer_id: Option<Uuid>,
    /// Reason why the resource meets the need.
    pub reason: Text,
    /// Day on which they were matched.
    pub match_date: NaiveDate,
}

impl Record for NeedMatch {
    const KIND: &'static str = "need_match";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

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

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.need_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "matched_already",
            Self::KIND,
            "the need was matched with that resource before",
        )
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.need_id),
            subject_id: Some(self.resource_id),
            start_date: Some(self.match_date),
            ..Told::default()
        }
    }
}
