//! Livelihood matters: applications, each with a named handler, a deadline and public
//! progress that names no resident.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end, day_of};
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Text, Told, states};

use super::area;

states! {
    /// States of a livelihood matter. The numbers are the contract's.
    LivelihoodMatterState for LivelihoodMatter {
        /// The application was received.
        Received = 1 => "received",
        /// All required papers were submitted.
        MaterialsComplete = 2 => "materials_complete",
        /// The application is under review.
        UnderReview = 3 => "under_review",
        /// Published, open to objections.
        Publicised = 4 => "publicised",
        /// Approved, to be paid or delivered.
        Approved = 5 => "approved",
        /// The application was refused. Final.
        Refused = 6 => "refused",
        /// Paid or delivered. Final.
        PaidOrDelivered = 7 => "paid_or_delivered",
        /// Withdrawn by the applicant. Final.
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

/// A resident's application for a livelihood item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivelihoodMatter {
    /// Fields that every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// State and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<LivelihoodMatterState>,
    /// Id of the livelihood item.
    pub livelihood_item_id: Uuid,
    /// Name of the applicant.
    pub applicant_name: Text,
    /// Id of the applicant, in the organization service.
    pub resident_id: Option<Uuid>,
    /// Id of the handler, in the organization service.
    pub handler_person_id: Uuid,
    /// Last day for the decision: within the legal limit of the item, counted from the day
    /// on which the matter was received.
    pub due_date: NaiveDate,
    /// Amount paid, in fen.
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
            // The guard of the table checks the day of the application instead.
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
        insta::assert_snapshot!(wangge_records::course::table(LivelihoodMatterState::ALL));
    }
}
