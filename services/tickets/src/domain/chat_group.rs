//! Chat groups of residents.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A chat group of residents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatGroup {
    /// Fields that every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Display name of the group.
    pub name: Text,
    /// First day on which the group exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists; none if open-ended.
    pub end_date: Option<NaiveDate>,
}
dated!(ChatGroup);

impl Record for ChatGroup {
    const KIND: &'static str = "chat_group";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.head)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn told(&self) -> Told {
        Told {
            title: self.name.0.clone(),
            ..Told::dated(self)
        }
    }
}
