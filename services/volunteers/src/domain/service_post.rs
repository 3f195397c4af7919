//! Posts of voluntary service.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A post of voluntary service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePost {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the post.
    pub name: Text,
    /// Number of responsible persons wanted, at least 1.
    pub planned_count: i32,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(ServicePost);

impl Record for ServicePost {
    const KIND: &'static str = "service_post";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.planned_count >= 1,
            "planned_count",
            "int32.gte",
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.head)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn told(&self) -> Told {
        Told {
            amount: self.planned_count.into(),
            title: self.name.0.clone(),
            ..Told::dated(self)
        }
    }
}
