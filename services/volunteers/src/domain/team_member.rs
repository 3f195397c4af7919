//! Who belongs to which team. It lies where its team lies.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_resource::{Checks, Head, Record, Reference, Told, dated};

/// A volunteer's part in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    /// What every record has; the area is that of the team.
    #[serde(flatten)]
    pub head: Head,
    /// The team.
    pub team_id: Uuid,
    /// The volunteer.
    pub volunteer_id: Uuid,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(TeamMember);

impl Record for TeamMember {
    const KIND: &'static str = "team_member";
    const HAS_OWN_AREA: bool = false;

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
        vec![
            Reference::id("team_id", "team", self.team_id),
            Reference::id("volunteer_id", "volunteer", self.volunteer_id),
        ]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.team_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "member_already",
            Self::KIND,
            "the volunteer is in the team on one of the days",
        )
    }

    fn exclusive(&self) -> Option<String> {
        Some(format!("{} {}", self.team_id, self.volunteer_id))
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.team_id),
            subject_id: Some(self.volunteer_id),
            ..Told::dated(self)
        }
    }
}
