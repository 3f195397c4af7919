//! Service centres and stations.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

coded_enum! {
    /// Purpose of a station. The numbers are those of the contract.
    StationKind {
        /// Service centre of a community.
        Centre = 1 => "centre",
        /// Convenience station for daily needs.
        Convenience = 2 => "convenience",
        /// Agency station for government matters.
        Agency = 3 => "agency",
        /// Home-care station for the elderly.
        HomeCare = 4 => "home_care",
    }
}

/// A station or a centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the station.
    pub name: Text,
    /// Purpose of the station; never changes.
    pub kind: StationKind,
    /// First day on which it is open.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}
dated!(Station);

impl Record for Station {
    const KIND: &'static str = "station";

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
            code: self.kind.name(),
            title: self.name.0.clone(),
            ..Told::dated(self)
        }
    }
}
