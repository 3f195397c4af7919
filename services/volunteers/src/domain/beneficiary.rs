//! Beneficiaries of projects: each person is recorded once per project. A beneficiary
//! belongs to the area of the project.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, metadata};

use super::project::ProjectState;

/// A resident who benefits from a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beneficiary {
    /// Fields common to all records; the area is that of the project.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the project.
    pub project_id: Uuid,
    /// Id of the resident, in the organization service; not verified.
    pub resident_id: Uuid,
    /// First day on which the resident benefited.
    pub benefit_date: NaiveDate,
}

impl Record for Beneficiary {
    const KIND: &'static str = "beneficiary";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.benefit_date, "benefit_date");
    }

    fn references(&self) -> Vec<Reference> {
        // The states apply to calls only. Imported rows reference the project as it was
        // at that time, so `store::beneficiary::guard` checks them by its start instead.
        vec![
            Reference::id("project_id", "project", self.project_id).while_in(&[
                ProjectState::Running,
                ProjectState::Done,
                ProjectState::Evaluated,
            ]),
        ]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.project_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported for a violation of `beneficiary_once`: a project counts distinct
        // people, no matter how often they benefit.
        Refusal::guard(
            Guard::BenefitsAlready,
            Self::KIND,
            "the resident is already a beneficiary of the project",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.project_id),
            subject_id: Some(self.resident_id),
            start_date: Some(self.benefit_date),
            ..EventSummary::default()
        }
    }
}
