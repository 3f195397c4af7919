//! Visits of people who find water, rest or a socket in a station. A visit lies where its station lies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_resource::{Checks, Head, Record, Reference, Told};

coded_enum! {
    /// What someone comes to a station for. The numbers are the contract's.
    StationVisitKind {
        /// Water.
        Water = 1 => "water",
        /// Rest.
        Rest = 2 => "rest",
        /// Charging a phone.
        Charging = 3 => "charging",
        /// The first-aid box.
        FirstAid = 4 => "first_aid",
        /// A question.
        Enquiry = 5 => "enquiry",
        /// Anything else.
        Other = 6 => "other",
    }
}

coded_enum! {
    /// Who comes to a station. The numbers are the contract's.
    StationVisitor {
        /// A courier.
        Courier = 1 => "courier",
        /// A street cleaner.
        StreetCleaner = 2 => "street_cleaner",
        /// A resident.
        Resident = 3 => "resident",
        /// Someone else.
        Other = 4 => "other",
    }
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationVisit {
    /// What every record has; the area is that of what it belongs to.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the station.
    pub station_id: Uuid,
    /// What for.
    pub kind: StationVisitKind,
    /// Who came.
    pub visitor: StationVisitor,
    /// When.
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
            amount: i64::from(self.service_record_id.is_none()),
            ..Told::default()
        }
    }
}
