//! Service projects (服务项目), from the need to the evaluation. A project belongs to the
//! area of its need.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Note, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

states! {
    /// States of a project, numbered as in the contract.
    ProjectState {
        /// Needed: a match must be found.
        Needed = 1 => "needed",
        /// Matched with a resource that meets the need.
        Matched = 2 => "matched",
        /// The project is under way.
        Running = 3 => "running",
        /// The project is finished.
        Done = 4 => "done",
        /// The project was evaluated. Final.
        Evaluated = 5 => "evaluated",
        /// The project was cancelled. Final.
        Cancelled = 6 => "cancelled",
    }
    ProjectAction {
        Match = "match": Needed => Matched,
        Start = "start": Matched => Running,
        Finish = "finish": Running => Done,
        Evaluate = "evaluate": Done => Evaluated,
        Cancel = "cancel": Needed | Matched | Running => Cancelled,
    }
}

/// A project that meets a need with a matched resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Fields common to all records; the area is that of the need.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<ProjectState>,
    /// Title, 1 to 100 characters.
    pub title: Text,
    /// Id of the need that it meets.
    pub need_id: Uuid,
    /// Number of places that can be claimed, 1 or more.
    pub place_count: i32,
    /// Id of the match that it is based on; `None` until it is matched.
    pub need_match_id: Option<Uuid>,
    /// Score of the evaluation, 1 to 5; 0 until it is evaluated.
    pub score: i32,
    /// Result of the evaluation; empty until it is evaluated.
    pub evaluation: Note,
}

impl Record for Project {
    const KIND: &'static str = "project";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.rule(
            self.place_count >= 1,
            "place_count",
            Rule::Int32Gte,
            "must be 1 or more",
        );
        let state = self.lifecycle.state();
        let name = state.name();
        // A project can be cancelled before or after it is matched, so a cancelled
        // project may or may not have a match.
        if state != ProjectState::Cancelled {
            let matched = state != ProjectState::Needed;
            checks.required_if(matched, self.need_match_id.is_some(), "need_match_id", name);
        }
        let evaluated = state == ProjectState::Evaluated;
        checks.required_if(evaluated, self.score > 0, "score", name);
        // The score is stored as 0 while there is none, so 0 is in the range; the check
        // above rejects it for an evaluated project.
        checks.rule(
            (0..=5).contains(&self.score),
            "score",
            Rule::Int32GteLte,
            "must be between 0 and 5",
        );
        let found = !self.evaluation.0.trim().is_empty();
        checks.required_if(evaluated, found, "evaluation", name);
    }

    fn references(&self) -> Vec<Reference> {
        // That the match belongs to the project's own need is checked by
        // `store::project::guard`, because it depends on another record.
        [
            Some(Reference::id("need_id", "need", self.need_id)),
            self.need_match_id
                .map(|id| Reference::id("need_match_id", "need_match", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.need_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.need_id),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for Project {
    lifecycle!(ProjectState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(ProjectState::ALL));
    }
}
