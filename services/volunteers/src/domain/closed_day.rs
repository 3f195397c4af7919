//! Days on which stations are closed: holidays of an area, and closed days of a single
//! station.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

use super::area;

/// A day on which the stations of an area, or a single station, are closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Fields common to all records; the area can be of any kind.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Day on which the stations are closed.
    pub closed_date: NaiveDate,
    /// Reason, 1 to 100 characters, e.g. 国庆节.
    pub name: Text,
    /// Id of the station, if only one is closed; `None` for all stations of the area.
    pub station_id: Option<Uuid>,
}

impl Record for ClosedDay {
    const KIND: &'static str = "closed_day";

    metadata!();

    // No rules of its own. Bookings on that day are checked by
    // `store::promises::of_closed_days`, which needs the database.
    fn check(&self, _: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        // Any kind of area, since a closed day also applies to the stations of all areas
        // below: a holiday of the district is one record.
        [
            Some(Reference::area(&self.metadata).of(area::ANY, "must be an area")),
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.station_id,
            start_date: Some(self.closed_date),
            ..EventSummary::default()
        }
    }
}
