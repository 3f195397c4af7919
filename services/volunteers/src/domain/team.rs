//! Teams of volunteers in a community.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

coded_enum! {
    /// Kinds of teams, numbered as in the contract.
    TeamKind {
        /// Red armbands (红袖标): safety and order.
        RedArmbands = 1 => "red_armbands",
        /// Red caps (红帽子): care for the environment.
        RedCaps = 2 => "red_caps",
        /// Red vests (红马甲): help for people.
        RedVests = 3 => "red_vests",
        /// Any other kind of team.
        Other = 4 => "other",
    }
}

/// A team of volunteers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Kind of the team.
    pub kind: TeamKind,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(Team);

impl Record for Team {
    const KIND: &'static str = "team";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).of(area::COMMUNITIES, "must be a community")]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            code: self.kind.name(),
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}
