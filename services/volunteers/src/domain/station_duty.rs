//! Duty days of persons in stations (值班). A person has at most one duty per day among the
//! stations of one area: the limit is not platform-wide, so that a caller outside the
//! area can neither block a person nor learn of their duty. A duty belongs to the area of
//! the station.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, metadata};

/// One person's duty in a station on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationDuty {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the person, in the organization service; not verified.
    pub person_id: Uuid,
    /// Day of the duty at the station.
    pub duty_date: NaiveDate,
}

impl Record for StationDuty {
    const KIND: &'static str = "station_duty";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, _: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn conflict_error(&self) -> Refusal {
        // Reported for a violation of `station_duty_once_in_area`. Persons are unverified
        // ids from callers, so a platform-wide constraint would let anyone block them.
        Refusal::guard(
            Guard::OnDutyAlready,
            Self::KIND,
            "the person is on duty on that day",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            subject_id: Some(self.person_id),
            start_date: Some(self.duty_date),
            ..EventSummary::default()
        }
    }
}
