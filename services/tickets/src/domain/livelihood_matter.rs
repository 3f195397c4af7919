//! Livelihood matters: applications, each with a named handler, a deadline and public
//! progress that names no resident.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end, day_of};
use wangge_kernel::refusal::Rule;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

use super::area;

states! {
    /// States of a livelihood matter, numbered as in the contract.
    LivelihoodMatterState {
        /// The application was received.
        Received = 1 => "received",
        /// All required documents have been received.
        MaterialsComplete = 2 => "materials_complete",
        /// The application is under review.
        UnderReview = 3 => "under_review",
        /// The intended decision is public, so that objections can be raised.
        Publicised = 4 => "publicised",
        /// The application was approved.
        Approved = 5 => "approved",
        /// The application was refused. Final.
        Refused = 6 => "refused",
        /// The item was paid or delivered. Final.
        PaidOrDelivered = 7 => "paid_or_delivered",
        /// The application was withdrawn. Final.
        Withdrawn = 8 => "withdrawn",
    }
    LivelihoodMatterAction {
        CompleteMaterials = "complete_materials": Received => MaterialsComplete,
        Review = "review": MaterialsComplete => UnderReview,
        Publicise = "publicise": UnderReview => Publicised,
        Approve = "approve": Publicised => Approved,
        Refuse = "refuse": UnderReview | Publicised => Refused,
        Deliver = "deliver": Approved => PaidOrDelivered,
        Withdraw = "withdraw": Received | MaterialsComplete | UnderReview => Withdrawn,
    }
}

/// An application for a livelihood item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivelihoodMatter {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<LivelihoodMatterState>,
    /// Id of the livelihood item.
    pub livelihood_item_id: Uuid,
    /// Name of the applicant; personal data.
    pub applicant_name: Text,
    /// Id of the applicant in the organization service; `None` if not known there.
    pub resident_id: Option<Uuid>,
    /// Id of the person who handles it, in the organization service.
    pub handler_person_id: Uuid,
    /// Last day for the decision: within the legal limit of the item, counted from the
    /// day on which the application was received.
    pub due_date: NaiveDate,
    /// Amount paid, in fen; 0 until it is paid.
    pub amount_fen: i64,
}

impl Record for LivelihoodMatter {
    const KIND: &'static str = "livelihood_matter";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        checks.rule(
            self.amount_fen >= 0,
            "amount_fen",
            Rule::Int64Gte,
            "must be 0 or more",
        );
        if state != LivelihoodMatterState::PaidOrDelivered {
            checks.required_if(false, self.amount_fen != 0, "amount_fen", state.name());
        }
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
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

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.livelihood_item_id),
            subject_id: Some(self.handler_person_id),
            amount: self.amount_fen,
            // The last day counts in full.
            due_time: Some(day_end(self.due_date, DEFAULT_ZONE)),
            start_date: Some(day_of(self.metadata.created_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for LivelihoodMatter {
    lifecycle!(LivelihoodMatterState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(LivelihoodMatterState::ALL));
    }
}
