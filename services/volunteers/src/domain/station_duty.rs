//! Who is on duty in a station on which day: once a day among the stations of one
//! area, so that a stranger elsewhere can neither block a person nor learn of their
//! duty. It lies where the station lies.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_resource::{Checks, Head, Record, Reference, Told};

/// A day of duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationDuty {
    /// What every record has; the area is that of what it belongs to.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// The day.
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
