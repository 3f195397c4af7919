//! What a deliberation has assigned: tickets and projects. An assignment lies where its deliberation lies.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Told};

use super::deliberation::DeliberationState;

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// What every record has; the area is that of what it belongs to.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the deliberation.
    pub deliberation_id: Uuid,
    /// Id of the ticket.
    pub ticket_id: Option<Uuid>,
    /// Id of the project in the volunteers service.
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
            ..Told::default()
        }
    }
}
