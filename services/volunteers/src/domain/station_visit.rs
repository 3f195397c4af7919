//! Visits to stations for water, rest, charging or the first-aid box. A visit belongs to
//! the area of its station.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, metadata};

coded_enum! {
    /// Purposes of station visits, numbered as in the contract.
    StationVisitKind {
        /// To get drinking water.
        Water = 1 => "water",
        /// To take a rest.
        Rest = 2 => "rest",
        /// To charge a phone.
        Charging = 3 => "charging",
        /// To use the first-aid box.
        FirstAid = 4 => "first_aid",
        /// To ask a question.
        Enquiry = 5 => "enquiry",
        /// For any other purpose.
        Other = 6 => "other",
    }
}

coded_enum! {
    /// Kinds of visitors to a station, numbered as in the contract.
    StationVisitor {
        /// Visit by a courier.
        Courier = 1 => "courier",
        /// Visit by a street cleaner.
        StreetCleaner = 2 => "street_cleaner",
        /// Visit by a resident.
        Resident = 3 => "resident",
        /// Visit by anyone else.
        Other = 4 => "other",
    }
}

/// A visit of one person to a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationVisit {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Purpose of the visit.
    pub kind: StationVisitKind,
    /// Kind of the visitor.
    pub visitor: StationVisitor,
    /// Time at which the visit took place.
    pub visit_time: DateTime<Utc>,
    /// Id of the service record, if the visit has one.
    pub service_record_id: Option<Uuid>,
}

impl Record for StationVisit {
    const KIND: &'static str = "station_visit";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, _checks: &mut Checks) {}

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("visit_time", &mut self.visit_time)]
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id("station_id", "station", self.station_id)),
            self.service_record_id
                .map(|id| Reference::id("service_record_id", "service_record", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            code: self.kind.name(),
            start_date: Some(day_of(self.visit_time, DEFAULT_ZONE)),
            // A visit that has a service record is counted as that record; counting it
            // here as well would count one person twice.
            amount: i64::from(self.service_record_id.is_none()),
            ..EventSummary::default()
        }
    }
}
