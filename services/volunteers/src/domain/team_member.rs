//! Memberships of volunteers in teams. A membership belongs to the area of its team.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, dated, metadata};

/// A volunteer's membership in a team, for a period of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    /// Fields common to all records; the area is that of the team.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the team.
    pub team_id: Uuid,
    /// Id of the volunteer.
    pub volunteer_id: Uuid,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(TeamMember);

impl Record for TeamMember {
    const KIND: &'static str = "team_member";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::id("team_id", "team", self.team_id),
            Reference::id("volunteer_id", "volunteer", self.volunteer_id),
        ]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.team_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::MemberAlready,
            Self::KIND,
            "the volunteer is already in the team on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.team_id),
            subject_id: Some(self.volunteer_id),
            ..EventSummary::of_dated(self)
        }
    }
}
