//! Claims of places in projects. A claim belongs to the area of the project.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

use super::project::ProjectState;

states! {
    /// States of a claim, numbered as in the contract.
    ProjectClaimState {
        /// The claim holds a place.
        Claimed = 1 => "claimed",
        /// Withdrawn; the place is available again. Final.
        Withdrawn = 2 => "withdrawn",
    }
    ProjectClaimAction {
        Withdraw = "withdraw": Claimed => Withdrawn,
    }
}

/// A place in a project, claimed by a unit or a volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectClaim {
    /// Fields common to all records; the area is that of the project.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<ProjectClaimState>,
    /// Id of the project.
    pub project_id: Uuid,
    /// Id of the claiming unit; `None` if a volunteer claims.
    pub unit_id: Option<Uuid>,
    /// Id of the claiming volunteer; `None` if a unit claims.
    pub volunteer_id: Option<Uuid>,
}

impl Record for ProjectClaim {
    const KIND: &'static str = "project_claim";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let count = usize::from(self.unit_id.is_some()) + usize::from(self.volunteer_id.is_some());
        let why = "exactly one of unit_id and volunteer_id is required";
        checks.rule(count == 1, "unit_id", Rule::MessageOneof, why);
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::id("project_id", "project", self.project_id).while_in(&[
                    ProjectState::Needed,
                    ProjectState::Matched,
                    ProjectState::Running,
                ]),
            ),
            self.unit_id.map(|id| Reference::id("unit_id", "unit", id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.project_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported for a violation of `project_claim_claimant`, an index that ignores
        // withdrawn claims: the claimant can claim a place again.
        Refusal::guard(
            Guard::ClaimedAlready,
            Self::KIND,
            "the claimant already has a place in the project",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.project_id),
            subject_id: self.unit_id.or(self.volunteer_id),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for ProjectClaim {
    lifecycle!(ProjectClaimState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(ProjectClaimState::ALL));
    }
}
