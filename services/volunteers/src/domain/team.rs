//! Teams of volunteers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

coded_enum! {
    /// Outfit that a team is known by. The numbers are those of the contract.
    TeamKind {
        /// Red armbands: safety and order.
        RedArmbands = 1 => "red_armbands",
        /// Red caps: care for the surroundings.
        RedCaps = 2 => "red_caps",
        /// Red vests: help for people.
        RedVests = 3 => "red_vests",
        /// A team without one of these outfits.
        Other = 4 => "other",
    }
}

/// A team of volunteers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the team.
    pub name: Text,
    /// Outfit that it is known by; never changes.
    pub kind: TeamKind,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
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
