//! Visits of people who use water, rest or charging at a station. A visit belongs to the area
//! of its station.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_records::{Checks, Head, Record, Reference, Told};

coded_enum! {
    /// Purpose of a visit to a station. The numbers are those of the contract.
    StationVisitKind {
        /// Drinking water.
        Water = 1 => "water",
        /// A place to rest indoors.
        Rest = 2 => "rest",
        /// Charging of a phone.
        Charging = 3 => "charging",
        /// Use of the first-aid box.
        FirstAid = 4 => "first_aid",
        /// A question to the staff.
        Enquiry = 5 => "enquiry",
        /// Any purpose not listed here.
        Other = 6 => "other",
    }
}

coded_enum! {
    /// Kind of visitor to a station. The numbers are those of the contract.
    StationVisitor {
        /// A courier on the road.
        Courier = 1 => "courier",
        /// A street cleaner at work.
        StreetCleaner = 2 => "street_cleaner",
        /// A resident of the community.
        Resident = 3 => "resident",
        /// A visitor of any other kind.
        Other = 4 => "other",
    }
}

/// A visit to a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationVisit {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the station.
    pub station_id: Uuid,
    /// Purpose of the visit.
    pub kind: StationVisitKind,
    /// Kind of visitor, such as a courier.
    pub visitor: StationVisitor,
    /// Time of the visit.
    pub visit_time: DateTime<Utc>,
    /// Id of the service record, if the visit has one.
    pub service_record_id: Option<Uuid>,
}

impl Record for StationVisit {
    const KIND: &'static str = "station_visit";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

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

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.station_id),
            code: self.kind.name(),
            start_date: Some(day_of(self.visit_time, DEFAULT_ZONE)),
            // Counted once: a visit with a service record is counted by that record.
            amount: i64::from(self.service_record_id.is_none()),
            ..Told::default()
        }
    }
}
