//! Assignments of a deliberation: tickets and projects. An assignment is in the area of its
//! deliberation.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Told, states};

use super::deliberation::DeliberationState;

states! {
    /// States of an assignment. The numbers are the contract's.
    AssignmentState for Assignment {
        /// Valid: it counts for the deliberation.
        Made = 1 => "made",
        /// Made by mistake. Final.
        Voided = 2 => "voided",
    }
    "void": Made => Voided,
}

/// A ticket or a project that carries out a deliberation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Fields that every record has; the area is that of the deliberation.
    #[serde(flatten)]
    pub head: Head,
    /// State and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<AssignmentState>,
    /// Id of the deliberation.
    pub deliberation_id: Uuid,
    /// Id of the ticket; none if it is a project.
    pub ticket_id: Option<Uuid>,
    /// Id of the project in the volunteers service; none if it is a ticket.
    pub project_id: Option<Uuid>,
    /// Day on which it was assigned.
    pub assigned_date: NaiveDate,
}

impl Record for Assignment {
    const KIND: &'static str = "assignment";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let count = usize::from(self.ticket_id.is_some()) + usize::from(self.project_id.is_some());
        let why = "one of ticket_id and project_id is required, and only one";
        checks.rule(count == 1, "ticket_id", "assignment.what", why);
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

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.deliberation_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.deliberation_id),
            subject_id: self.ticket_id.or(self.project_id),
            code: if self.ticket_id.is_some() {
                "ticket"
            } else {
                "project"
            },
            start_date: Some(self.assigned_date),
            ..Told::course(self)
        }
    }
}

impl Stateful for Assignment {
    type State = AssignmentState;

    fn course(&self) -> &Course<AssignmentState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<AssignmentState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(AssignmentState::ALL));
    }
}
