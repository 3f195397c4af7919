//! Paths through an estate that connect venues.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A path that connects venues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueRoute {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the path.
    pub name: Text,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(VenueRoute);

impl Record for VenueRoute {
    const KIND: &'static str = "venue_route";

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
        Told::dated(self)
    }
}
