//! The catalogue of livelihood items: what residents can apply for, with the required
//! documents and the legal time limit.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// An item of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivelihoodItem {
    /// Fields common to all records; the area can be of any kind.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name of the item.
    pub name: Text,
    /// Legal time limit from the application to the decision, in calendar days.
    pub limit_days: i32,
    /// Required documents, each 1 to 100 characters.
    pub materials: Vec<Text>,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` until an end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(LivelihoodItem);

impl Record for LivelihoodItem {
    const KIND: &'static str = "livelihood_item";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.limit_days >= 1,
            "limit_days",
            Rule::Int32Gte,
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).of(area::ANY, "must be an area")]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            amount: self.limit_days.into(),
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}
