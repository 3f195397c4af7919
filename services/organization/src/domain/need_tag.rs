//! Need tags: what the three teams have learnt that residents need.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::coded_enum;
use wangge_resource::{Checks, Head, Note, Record, Reference, Told, dated};

coded_enum! {
    /// What is needed. The numbers are the contract's.
    NeedKind {
        /// Lives alone.
        LivesAlone = 1 => "lives_alone",
        /// Children live elsewhere.
        EmptyNest = 2 => "empty_nest",
        /// Lives with a disability.
        Disabled = 3 => "disabled",
        /// Chronically or seriously ill.
        ChronicallyIll = 4 => "chronically_ill",
        /// Receives or needs subsistence allowance.
        LowIncome = 5 => "low_income",
        /// Looks for work.
        Unemployed = 6 => "unemployed",
        /// A child who needs care out of school.
        ChildCare = 7 => "child_care",
        /// Another need.
        Other = 8 => "other",
    }
}

coded_enum! {
    /// Which of the three teams keeps a tag. The numbers are the contract's.
    NeedTeam {
        /// Staff of the community.
        CommunityStaff = 1 => "community_staff",
        /// Party members of the community.
        PartyMembers = 2 => "party_members",
        /// Core residents.
        CoreResidents = 3 => "core_residents",
    }
}

/// What one resident needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedTag {
    /// What every record has; the area is that of the resident.
    #[serde(flatten)]
    pub head: Head,
    /// The resident.
    pub resident_id: Uuid,
    /// What is needed.
    pub kind: NeedKind,
    /// Who keeps the tag.
    pub team: NeedTeam,
    /// What should be known besides; personal.
    pub note: Note,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(NeedTag);

impl Record for NeedTag {
    const KIND: &'static str = "need_tag";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.kind != NeedKind::Other || !self.note.0.trim().is_empty(),
            "note",
            "need_tag.other",
            "is required for a need of another kind",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("resident_id", "resident", self.resident_id)]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.resident_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "tagged_already",
            Self::KIND,
            "the resident has a tag of this kind on one of the days",
        )
    }

    fn exclusive(&self) -> Option<String> {
        Some(format!("{} {}", self.resident_id, self.kind.name()))
    }

    fn told(&self) -> Told {
        // Not which need: that would tell of a person's health or purse.
        Told {
            parent_id: Some(self.resident_id),
            subject_id: Some(self.resident_id),
            ..Told::dated(self)
        }
    }
}
