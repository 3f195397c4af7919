//! Days on which stations are closed: holidays of an area, and days of one station.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told};

use super::area;

/// A day on which an area's stations, or one station, are closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Fields common to all records; the area may be of any kind.
    #[serde(flatten)]
    pub head: Head,
    /// Day on which they are closed.
    pub closed_date: NaiveDate,
    /// Name of the reason, such as a holiday.
    pub name: Text,
    /// Id of the only closed station; `None` if all of the area are.
    pub station_id: Option<Uuid>,
}

impl Record for ClosedDay {
    const KIND: &'static str = "closed_day";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, _: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::area(&self.head).of(area::ANY, "must be an area")),
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn told(&self) -> Told {
        Told {
            parent_id: self.station_id,
            start_date: Some(self.closed_date),
            ..Told::default()
        }
    }
}
