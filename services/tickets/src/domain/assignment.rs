//! Assignments of a deliberation's decision to tickets and projects. An assignment
//! belongs to the area of its deliberation.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

use super::deliberation::DeliberationState;

states! {
    /// States of an assignment, numbered as in the contract.
    AssignmentState {
        /// Assigned and in effect.
        Made = 1 => "made",
        /// Voided, because it was made by mistake. Final.
        Voided = 2 => "voided",
    }
    AssignmentAction {
        Void = "void": Made => Voided,
    }
}

/// A ticket or a project that implements a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Fields common to all records; the area is that of the deliberation.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<AssignmentState>,
    /// Id of the deliberation.
    pub deliberation_id: Uuid,
    /// Id of the ticket; `None` if a project is assigned.
    pub ticket_id: Option<Uuid>,
    /// Id of the project in the volunteers service; `None` if a ticket is assigned.
    pub project_id: Option<Uuid>,
    /// Day on which the work was assigned.
    pub assigned_date: NaiveDate,
}

impl Record for Assignment {
    const KIND: &'static str = "assignment";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let count = usize::from(self.ticket_id.is_some()) + usize::from(self.project_id.is_some());
        let why = "exactly one of ticket_id and project_id is required";
        checks.rule(count == 1, "ticket_id", Rule::MessageOneof, why);
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::id("deliberation_id", "deliberation", self.deliberation_id).while_in(&[
                    DeliberationState::Resolved,
                    DeliberationState::Assigned,
                    DeliberationState::Implementing,
                ]),
            ),
            self.ticket_id
                .map(|id| Reference::id("ticket_id", "ticket", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.deliberation_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.deliberation_id),
            subject_id: self.ticket_id.or(self.project_id),
            code: if self.ticket_id.is_some() {
                "ticket"
            } else {
                "project"
            },
            start_date: Some(self.assigned_date),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for Assignment {
    lifecycle!(AssignmentState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(AssignmentState::ALL));
    }
}
