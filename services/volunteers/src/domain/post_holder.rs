//! Holders of service posts: the volunteers responsible for them. A holder's record
//! belongs to the area of the post.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, dated, metadata};

/// A volunteer who is responsible for a post, for a period of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostHolder {
    /// Fields common to all records; the area is that of the post.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the service post.
    pub service_post_id: Uuid,
    /// Id of the volunteer.
    pub volunteer_id: Uuid,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(PostHolder);

impl Record for PostHolder {
    const KIND: &'static str = "post_holder";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::id("service_post_id", "service_post", self.service_post_id),
            Reference::id("volunteer_id", "volunteer", self.volunteer_id),
        ]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.service_post_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::HeldAlready,
            Self::KIND,
            "the volunteer already holds the post on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.service_post_id),
            subject_id: Some(self.volunteer_id),
            ..EventSummary::of_dated(self)
        }
    }
}
