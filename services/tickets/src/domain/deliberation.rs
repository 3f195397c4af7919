//! Deliberations: from a problem that residents raise to the review by those who raised it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{Checks, Course, Head, Note, Record, Reference, Stateful, Text, Told, states};

use super::area;

states! {
    /// States of a deliberation. The numbers are the contract's.
    DeliberationState for Deliberation {
        /// The problem was raised.
        Collected = 1 => "collected",
        /// The topic is set.
        TopicSet = 2 => "topic_set",
        /// The four parties are deliberating.
        Deliberating = 3 => "deliberating",
        /// The parties have decided.
        Resolved = 4 => "resolved",
        /// No decision was reached; it can be deliberated again.
        NoConsensus = 5 => "no_consensus",
        /// Tickets and projects are assigned to carry it out.
        Assigned = 6 => "assigned",
        /// It is being carried out.
        Implementing = 7 => "implementing",
        /// Carried out and reviewed by those who raised it. Final.
        Reviewed = 8 => "reviewed",
        /// Dropped without a decision. Final.
        Dropped = 9 => "dropped",
    }
    "set_topic": Collected => TopicSet,
    "deliberate": TopicSet | NoConsensus => Deliberating,
    "resolve": Deliberating => Resolved,
    "disagree": Deliberating => NoConsensus,
    "assign": Resolved => Assigned,
    "implement": Assigned => Implementing,
    "review": Implementing => Reviewed,
    "drop": Collected | TopicSet | NoConsensus => Dropped,
}

/// A deliberation of the four parties on a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliberation {
    /// Fields that every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// State and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<DeliberationState>,
    /// Short description of the problem.
    pub title: Text,
    /// Ids of the people or residents who raised it, in the organization service.
    pub raiser_ids: Vec<Uuid>,
    /// Topic as it was set.
    pub topic: Note,
    /// Id of the latest meeting that deliberated on it.
    pub meeting_id: Option<Uuid>,
    /// Ids of the meetings that reached no decision, in order.
    pub inconclusive_meeting_ids: Vec<Uuid>,
    /// Text of the decision.
    pub decision: Note,
    /// Id of the reviewer, one of those who raised it.
    pub reviewer_id: Option<Uuid>,
    /// Findings of the review.
    pub review: Note,
}

impl Record for Deliberation {
    const KIND: &'static str = "deliberation";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let name = self.course.state().name();
        checks.given(!self.raiser_ids.is_empty(), "raiser_ids");
        let said = |note: &Note| !note.0.trim().is_empty();
        let later = [
            DeliberationState::TopicSet,
            DeliberationState::Deliberating,
            DeliberationState::NoConsensus,
            DeliberationState::Resolved,
            DeliberationState::Assigned,
            DeliberationState::Implementing,
            DeliberationState::Reviewed,
        ];
        // `later` is in the order of the steps, so each slice holds the states that require a
        // field: `topic` from the first on, `meeting_id` from the second, and so on.
        let [topic, meeting, decision, reviewed] =
            [0, 1, 3, 6].map(|from| self.course.is_in(&later[from..]));
        // A deliberation can be dropped before it has a topic or a meeting.
        if self.course.state() != DeliberationState::Dropped {
            checks.given_when(topic, said(&self.topic), "topic", name);
            checks.given_when(meeting, self.meeting_id.is_some(), "meeting_id", name);
        }
        let steps = self.course.steps().iter();
        let disagreed = steps.filter(|step| step.action == "disagree").count();
        checks.rule(
            self.inconclusive_meeting_ids.len() <= disagreed,
            "inconclusive_meeting_ids",
            "deliberation.meetings",
            "at most one for each time that no decision was come to",
        );
        checks.given_when(decision, said(&self.decision), "decision", name);
        checks.given_when(reviewed, self.reviewer_id.is_some(), "reviewer_id", name);
        checks.given_when(reviewed, said(&self.review), "review", name);
    }

    fn references(&self) -> Vec<Reference> {
        let area = Reference::area(&self.head)
            .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid");
        let meeting = |field| move |id: &Uuid| Reference::id(field, "meeting", *id);
        let earlier = self.inconclusive_meeting_ids.iter();
        std::iter::once(area)
            .chain(self.meeting_id.iter().map(meeting("meeting_id")))
            .chain(earlier.map(meeting("inconclusive_meeting_ids")))
            .collect()
    }

    fn told(&self) -> Told {
        Told::course(self)
    }
}

impl Deliberation {
    /// Returns the meetings that have deliberated on it.
    pub fn meetings(&self) -> impl Iterator<Item = Uuid> {
        let last = self.meeting_id;
        // A meeting that is named before the step "deliberate" has not deliberated on it.
        let deliberated = self.course.last_time("deliberate").is_some();
        let last = last.filter(|_| deliberated);
        last.into_iter()
            .chain(self.inconclusive_meeting_ids.iter().copied())
    }
}

impl Stateful for Deliberation {
    type State = DeliberationState;

    fn course(&self) -> &Course<DeliberationState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<DeliberationState> {
        &mut self.course
    }

    fn named(&self, action: &'static str) -> Option<Uuid> {
        self.reviewer_id.filter(|_| action == "review")
    }

    fn settle(&mut self, action: &'static str, _now: DateTime<Utc>) -> Result<(), Refusal> {
        // The next round replaces `meeting_id`, so the meeting is stored here as well.
        if action == "disagree" {
            self.inconclusive_meeting_ids.extend(self.meeting_id);
        }
        let raised_it = self
            .reviewer_id
            .is_some_and(|id| self.raiser_ids.contains(&id));
        if action == "review" && self.reviewer_id.is_some() && !raised_it {
            let why = "the reviewer did not raise it";
            return Err(Refusal::guard("not_a_raiser", Self::KIND, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(DeliberationState::ALL));
    }
}
