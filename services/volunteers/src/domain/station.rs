//! The centre and the stations.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

coded_enum! {
    /// What a station is for. The numbers are the contract's.
    StationKind {
        /// Service centre.
        Centre = 1 => "centre",
        /// Convenience station.
        Convenience = 2 => "convenience",
        /// Agency station for government matters.
        Agency = 3 => "agency",
        /// Home-care station.
        HomeCare = 4 => "home_care",
    }
}

/// A station or a centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// What every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Its name.
    pub name: Text,
    /// What it is for.
    pub kind: StationKind,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
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
