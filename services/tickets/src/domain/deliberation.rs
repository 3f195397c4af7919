//! Deliberations, from a problem that residents raised to its review by those who
//! raised it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Note, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

use super::area;

states! {
    /// States of a deliberation, numbered as in the contract.
    DeliberationState {
        /// The problem has been raised.
        Collected = 1 => "collected",
        /// The topic has been set.
        TopicSet = 2 => "topic_set",
        /// The four parties are deliberating.
        Deliberating = 3 => "deliberating",
        /// They have reached a decision.
        Resolved = 4 => "resolved",
        /// They have reached no decision; the deliberation can be resumed.
        NoConsensus = 5 => "no_consensus",
        /// The work has been assigned to tickets and projects.
        Assigned = 6 => "assigned",
        /// The decision is being implemented.
        Implementing = 7 => "implementing",
        /// Implemented, and reviewed by one of those who raised it. Final.
        Reviewed = 8 => "reviewed",
        /// The problem was dropped. Final.
        Dropped = 9 => "dropped",
    }
    DeliberationAction {
        SetTopic = "set_topic": Collected => TopicSet,
        Deliberate = "deliberate": TopicSet | NoConsensus => Deliberating,
        Resolve = "resolve": Deliberating => Resolved,
        Disagree = "disagree": Deliberating => NoConsensus,
        Assign = "assign": Resolved => Assigned,
        Implement = "implement": Assigned => Implementing,
        Review = "review": Implementing => Reviewed,
        Drop = "drop": Collected | TopicSet | NoConsensus => Dropped,
    }
}

/// A deliberation on a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliberation {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<DeliberationState>,
    /// Short description of the problem.
    pub title: Text,
    /// Ids of the people or residents who raised it, in the organization service.
    pub raiser_ids: Vec<Uuid>,
    /// The topic; empty until it is set.
    pub topic: Note,
    /// Id of the last meeting that deliberated on it.
    pub meeting_id: Option<Uuid>,
    /// Ids of the meetings that reached no decision, in order.
    pub inconclusive_meeting_ids: Vec<Uuid>,
    /// The decision; empty until there is one.
    pub decision: Note,
    /// Id of the reviewer, one of those who raised the problem.
    pub reviewer_id: Option<Uuid>,
    /// Result of the review; empty until then.
    pub review: Note,
}

impl Record for Deliberation {
    const KIND: &'static str = "deliberation";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let name = self.lifecycle.state().name();
        checks.required(!self.raiser_ids.is_empty(), "raiser_ids");
        let said = |note: &Note| !note.0.trim().is_empty();
        // In lifecycle order, so that a suffix means "in this state or a later one".
        let later = [
            DeliberationState::TopicSet,
            DeliberationState::Deliberating,
            DeliberationState::NoConsensus,
            DeliberationState::Resolved,
            DeliberationState::Assigned,
            DeliberationState::Implementing,
            DeliberationState::Reviewed,
        ];
        let [topic, meeting, decision, reviewed] =
            [0, 1, 3, 6].map(|from| self.lifecycle.is_in(&later[from..]));
        // A dropped deliberation retains the fields that it had, which depend on the
        // state in which it was dropped.
        if self.lifecycle.state() != DeliberationState::Dropped {
            checks.required_if(topic, said(&self.topic), "topic", name);
            checks.required_if(meeting, self.meeting_id.is_some(), "meeting_id", name);
        }
        let disagreed = self.lifecycle.count(DeliberationAction::Disagree);
        checks.rule(
            // Fewer are legal: for imports, not every meeting is recorded.
            self.inconclusive_meeting_ids.len() <= disagreed,
            "inconclusive_meeting_ids",
            Rule::DeliberationMeetings,
            "must have at most one meeting for each time that no decision was reached",
        );
        checks.required_if(decision, said(&self.decision), "decision", name);
        checks.required_if(reviewed, self.reviewer_id.is_some(), "reviewer_id", name);
        checks.required_if(reviewed, said(&self.review), "review", name);
    }

    fn references(&self) -> Vec<Reference> {
        let area = Reference::area(&self.metadata)
            .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid");
        let meeting = |field| move |id: &Uuid| Reference::id(field, "meeting", *id);
        let earlier = self.inconclusive_meeting_ids.iter();
        std::iter::once(area)
            .chain(self.meeting_id.iter().map(meeting("meeting_id")))
            .chain(earlier.map(meeting("inconclusive_meeting_ids")))
            .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::of_stateful(self)
    }
}

impl Deliberation {
    /// Returns the meetings that deliberated on it.
    pub fn meetings(&self) -> impl Iterator<Item = Uuid> {
        let last = self.meeting_id;
        let deliberated = self
            .lifecycle
            .last_time(DeliberationAction::Deliberate)
            .is_some();
        let last = last.filter(|_| deliberated);
        last.into_iter()
            .chain(self.inconclusive_meeting_ids.iter().copied())
    }
}

impl Stateful for Deliberation {
    lifecycle!(DeliberationState);

    fn named(&self, action: DeliberationAction) -> Option<Uuid> {
        self.reviewer_id
            .filter(|_| action == DeliberationAction::Review)
    }

    fn on_transition(
        &mut self,
        action: DeliberationAction,
        _now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if action == DeliberationAction::Disagree {
            // The next `deliberate` overwrites `meeting_id`; the list preserves it.
            self.inconclusive_meeting_ids.extend(self.meeting_id);
        }
        let raised_it = self
            .reviewer_id
            .is_some_and(|id| self.raiser_ids.contains(&id));
        if action == DeliberationAction::Review && self.reviewer_id.is_some() && !raised_it {
            let why = "the reviewer did not raise it";
            return Err(Refusal::guard(Guard::NotARaiser, Self::KIND, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(DeliberationState::ALL));
    }
}
