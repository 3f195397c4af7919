//! Need tags: the needs of residents that the three teams have recorded.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{Checks, EventSummary, Metadata, Note, Record, Reference, dated, metadata};

coded_enum! {
    /// Kind of a need. The numbers are those of the contract.
    NeedKind {
        /// The resident lives alone.
        LivesAlone = 1 => "lives_alone",
        /// The children live elsewhere.
        EmptyNest = 2 => "empty_nest",
        /// The resident has a disability.
        Disabled = 3 => "disabled",
        /// Chronically or seriously ill.
        ChronicallyIll = 4 => "chronically_ill",
        /// Receives or needs subsistence allowance.
        LowIncome = 5 => "low_income",
        /// Unemployed and looking for work.
        Unemployed = 6 => "unemployed",
        /// A child who needs care out of school.
        ChildCare = 7 => "child_care",
        /// Any other need, described in the note.
        Other = 8 => "other",
    }
}

coded_enum! {
    /// The team that is responsible for a tag. The numbers are those of the contract.
    NeedTeam {
        /// Staff of the community.
        CommunityStaff = 1 => "community_staff",
        /// Party members of the community.
        PartyMembers = 2 => "party_members",
        /// Core residents, who help the staff.
        CoreResidents = 3 => "core_residents",
    }
}

/// A need of one resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedTag {
    /// Fields of every record; the area is that of the resident.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The resident who has the need.
    pub resident_id: Uuid,
    /// Kind of the need.
    pub kind: NeedKind,
    /// The team that is responsible for the tag.
    pub team: NeedTeam,
    /// Further information: personal data.
    pub note: Note,
    /// First day of the need.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(NeedTag);

impl Record for NeedTag {
    const KIND: &'static str = "need_tag";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.kind != NeedKind::Other || !self.note.0.trim().is_empty(),
            "note",
            Rule::NeedTagOther,
            "is required if the kind is other",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("resident_id", "resident", self.resident_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.resident_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::TaggedAlready,
            Self::KIND,
            "the resident already has a tag of this kind on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        // Not the kind of need: an event would reveal a person's health or finances.
        EventSummary {
            parent_id: Some(self.resident_id),
            subject_id: Some(self.resident_id),
            ..EventSummary::of_dated(self)
        }
    }
}
