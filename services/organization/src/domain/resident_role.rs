//! Roles of core residents, such as the head of a building.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, dated, metadata};

coded_enum! {
    /// A kind of role. The numbers are those of the contract.
    ResidentRoleKind {
        /// Head of a building or staircase.
        BuildingHead = 1 => "building_head",
        /// Mediator between neighbours.
        Mediator = 2 => "mediator",
        /// Head of a team of residents.
        TeamHead = 3 => "team_head",
        /// Delegate of the residents at deliberations.
        DeliberationDelegate = 4 => "deliberation_delegate",
        /// Maintains the map of residents' needs together with the staff.
        Informant = 5 => "informant",
    }
}

/// A leading role of a core resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidentRole {
    /// Fields of every record; the area is that of the resident.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The resident who has the role.
    pub resident_id: Uuid,
    /// Kind of the role.
    pub kind: ResidentRoleKind,
    /// First day of the role.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(ResidentRole);

impl Record for ResidentRole {
    const KIND: &'static str = "resident_role";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("resident_id", "resident", self.resident_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.resident_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::RoleHeldAlready,
            Self::KIND,
            "the resident already has this role on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.resident_id),
            subject_id: Some(self.resident_id),
            code: self.kind.name(),
            ..EventSummary::of_dated(self)
        }
    }
}
