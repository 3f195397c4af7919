//! Posts of voluntary service (志愿服务岗位).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

/// A post of voluntary service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePost {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Planned number of holders, 1 or more.
    pub planned_count: i32,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(ServicePost);

impl Record for ServicePost {
    const KIND: &'static str = "service_post";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.planned_count >= 1,
            "planned_count",
            Rule::Int32Gte,
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            amount: self.planned_count.into(),
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}
