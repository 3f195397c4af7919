//! Service projects, from the need to the evaluation.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Course, Head, Note, Record, Reference, Stateful, Text, Told, states};

states! {
    /// States of a project. The numbers are those of the contract.
    ProjectState for Project {
        /// Needed: no match has been found yet.
        Needed = 1 => "needed",
        /// Matched with a resource that meets the need.
        Matched = 2 => "matched",
        /// Started and not yet finished.
        Running = 3 => "running",
        /// Finished, to be evaluated.
        Done = 4 => "done",
        /// Evaluated with a score. Final.
        Evaluated = 5 => "evaluated",
        /// Cancelled; its claims are withdrawn. Final.
        Cancelled = 6 => "cancelled",
    }
    "match": Needed => Matched,
    "start": Matched => Running,
    "finish": Running => Done,
    "evaluate": Done => Evaluated,
    "cancel": Needed | Matched | Running => Cancelled,
}

/// A service project of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Fields common to all records; the area is that of the need.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<ProjectState>,
    /// Title of the project.
    pub title: Text,
    /// Id of the need that it meets.
    pub need_id: Uuid,
    /// Maximum number of claims, at least 1.
    pub place_count: i32,
    /// Id of the match that the project is based on.
    pub need_match_id: Option<Uuid>,
    /// Score of the evaluation, 1 to 5; 0 until it is evaluated.
    pub score: i32,
    /// Text of the evaluation; empty until it is evaluated.
    pub evaluation: Note,
}

impl Record for Project {
    const KIND: &'static str = "project";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.rule(
            self.place_count >= 1,
            "place_count",
            "int32.gte",
            "must be 1 or more",
        );
        let state = self.course.state();
        let name = state.name();
        // A project may be cancelled before or after it was matched.
        if state != ProjectState::Cancelled {
            let matched = state != ProjectState::Needed;
            checks.given_when(matched, self.need_match_id.is_some(), "need_match_id", name);
        }
        let evaluated = state == ProjectState::Evaluated;
        checks.given_when(evaluated, self.score > 0, "score", name);
        checks.rule(
            (0..=5).contains(&self.score),
            "score",
            "int32.gte_lte",
            "must be between 0 and 5",
        );
        let found = !self.evaluation.0.trim().is_empty();
        checks.given_when(evaluated, found, "evaluation", name);
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id("need_id", "need", self.need_id)),
            self.need_match_id
                .map(|id| Reference::id("need_match_id", "need_match", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.need_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.need_id),
            ..Told::course(self)
        }
    }
}

impl Stateful for Project {
    type State = ProjectState;

    fn course(&self) -> &Course<ProjectState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<ProjectState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(ProjectState::ALL));
    }
}
