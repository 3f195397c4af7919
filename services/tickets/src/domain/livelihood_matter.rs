//! Livelihood matters: applications, each with a named handler, a deadline and public progress that names no resident.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end, day_of};
use wangge_resource::{Checks, Course, Head, Record, Reference, Stateful, Text, Told, states};

use super::area;

states! {
    /// States of a livelihood matter. The numbers are the contract's.
    LivelihoodMatterState for LivelihoodMatter {
        /// Received.
        Received = 1 => "received",
        /// Every paper is there.
        MaterialsComplete = 2 => "materials_complete",
        /// Under review.
        UnderReview = 3 => "under_review",
        /// Made public for objections.
        Publicised = 4 => "publicised",
        /// Approved.
        Approved = 5 => "approved",
        /// Refused. Final.
        Refused = 6 => "refused",
        /// Paid or delivered. Final.
        PaidOrDelivered = 7 => "paid_or_delivered",
        /// Withdrawn. Final.
        Withdrawn = 8 => "withdrawn",
    }
    "complete_materials": Received => MaterialsComplete,
    "review": MaterialsComplete => UnderReview,
    "publicise": UnderReview => Publicised,
    "approve": Publicised => Approved,
    "refuse": UnderReview | Publicised => Refused,
    "deliver": Approved => PaidOrDelivered,
    "withdraw": Received | MaterialsComplete | UnderReview => Withdrawn,
}

/// A matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivelihoodMatter {
    /// What every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Where it stands and how it came there.
    #[serde(flatten)]
    pub course: Course<LivelihoodMatterState>,
    /// Id of the item.
    pub livelihood_item_id: Uuid,
    /// Name of the applicant.
    pub applicant_name: Text,
    /// Id of the applicant in the organization service.
    pub resident_id: Option<Uuid>,
    /// Id of the person who handles it, in the organization service.
    pub handler_person_id: Uuid,
    /// Last day for the decision: within the legal limit of the item, counted from the day on which the matter was received.
    pub due_date: NaiveDate,
    /// What was paid, in fen.
    pub amount_fen: i64,
}

impl Record for LivelihoodMatter {
    const KIND: &'static str = "livelihood_matter";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let state = self.course.state();
        checks.rule(
            self.amount_fen >= 0,
            "amount_fen",
            "int64.gte",
            "must be 0 or more",
        );
        if state != LivelihoodMatterState::PaidOrDelivered {
            checks.given_when(false, self.amount_fen != 0, "amount_fen", state.name());
        }
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.head)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            Reference::id(
                "livelihood_item_id",
                "livelihood_item",
                self.livelihood_item_id,
            )
            // The guard of its table asks for the day of the application.
            .on_any_day(),
        ]
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.livelihood_item_id),
            subject_id: Some(self.handler_person_id),
            amount: self.amount_fen,
            due_time: Some(day_end(self.due_date, DEFAULT_ZONE)),
            start_date: Some(day_of(self.head.created_time, DEFAULT_ZONE)),
            ..Told::course(self)
        }
    }
}

impl Stateful for LivelihoodMatter {
    type State = LivelihoodMatterState;

    fn course(&self) -> &Course<LivelihoodMatterState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<LivelihoodMatterState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_resource::lifecycle::table(
            LivelihoodMatterState::ALL
        ));
    }
}
