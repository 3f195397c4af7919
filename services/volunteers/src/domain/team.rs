//! Teams of volunteers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

coded_enum! {
    /// What a team is known by. The numbers are the contract's.
    TeamKind {
        /// Safety and order.
        RedArmbands = 1 => "red_armbands",
        /// Care for the surroundings.
        RedCaps = 2 => "red_caps",
        /// Help for people.
        RedVests = 3 => "red_vests",
        /// Another team.
        Other = 4 => "other",
    }
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What every record has; the area is a community.
    #[serde(flatten)]
    pub head: Head,
    /// Its name.
    pub name: Text,
    /// What it is known by.
    pub kind: TeamKind,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(Team);

impl Record for Team {
    const KIND: &'static str = "team";

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
        vec![Reference::area(&self.head).of(area::COMMUNITIES, "must be a community")]
    }

    fn told(&self) -> Told {
        Told {
            code: self.kind.name(),
            title: self.name.0.clone(),
            ..Told::dated(self)
        }
    }
}
