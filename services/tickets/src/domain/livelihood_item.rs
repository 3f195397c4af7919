//! The catalogue of livelihood items: what residents can apply for, with the required papers
//! and the legal limit.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// An item of the livelihood catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivelihoodItem {
    /// Fields that every record has; the area is of any kind.
    #[serde(flatten)]
    pub head: Head,
    /// Display name of the item.
    pub name: Text,
    /// Legal limit in calendar days from the application to the decision.
    pub limit_days: i32,
    /// Required papers, each 1 to 100 characters.
    pub materials: Vec<Text>,
    /// First day on which applications are possible.
    pub start_date: NaiveDate,
    /// First day on which they no longer are; none if open-ended.
    pub end_date: Option<NaiveDate>,
}
dated!(LivelihoodItem);

impl Record for LivelihoodItem {
    const KIND: &'static str = "livelihood_item";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.limit_days >= 1,
            "limit_days",
            "int32.gte",
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.head).of(area::ANY, "must be an area")]
    }

    fn told(&self) -> Told {
        Told {
            amount: self.limit_days.into(),
            title: self.name.0.clone(),
            ..Told::dated(self)
        }
    }
}
