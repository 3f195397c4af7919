//! Duty at a station: a person has at most one duty per day among the stations of one area.
//! The limit isn't global, so that a caller outside the area can neither block a person
//! nor find out about their duty. A duty belongs to the area of its station.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{Checks, Head, Record, Reference, Told};

/// A day of duty of a person at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationDuty {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// Day of the duty.
    pub duty_date: NaiveDate,
}

impl Record for StationDuty {
    const KIND: &'static str = "station_duty";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, _: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "on_duty_already",
            Self::KIND,
            "the person is on duty on that day",
        )
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.station_id),
            subject_id: Some(self.person_id),
            start_date: Some(self.duty_date),
            ..Told::default()
        }
    }
}
