//! The service centre and the stations of a community.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use wangge_kernel::coded_enum;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

use super::area;

coded_enum! {
    /// Kinds of stations, numbered as in the contract.
    StationKind {
        /// The service centre (党群服务中心).
        Centre = 1 => "centre",
        /// A convenience station (便民服务站).
        Convenience = 2 => "convenience",
        /// Agency station for government matters (政务代办站).
        Agency = 3 => "agency",
        /// Home-care station for the elderly (居家养老站).
        HomeCare = 4 => "home_care",
    }
}

/// A station or a service centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Kind of the station.
    pub kind: StationKind,
    /// Day on which the station opened.
    pub start_date: NaiveDate,
    /// First day on which it is permanently closed; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(Station);

impl Record for Station {
    const KIND: &'static str = "station";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            code: self.kind.name(),
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}
