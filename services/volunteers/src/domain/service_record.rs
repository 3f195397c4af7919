//! Service records: one person served once, at a station or at an event.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Told, states};

use super::service_event::ServiceEventState;

states! {
    /// States of a service record. The numbers are those of the contract.
    ServiceRecordState for ServiceRecord {
        /// Counts as one person-time.
        Recorded = 1 => "recorded",
        /// Entered by mistake; no figure counts it. Final.
        Voided = 2 => "voided",
    }
    "void": Recorded => Voided,
}

/// One person served once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Fields common to all records; the area is that of the station or event.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<ServiceRecordState>,
    /// Id of the station; exclusive with `service_event_id`.
    pub station_id: Option<Uuid>,
    /// Id of the event; exclusive with `station_id`.
    pub service_event_id: Option<Uuid>,
    /// Id of the catalogue item that was provided, if any.
    pub catalogue_item_id: Option<Uuid>,
    /// Id of the resident who was served, in the organization service, if known.
    pub resident_id: Option<Uuid>,
    /// Time of the service.
    pub served_time: DateTime<Utc>,
}

impl Record for ServiceRecord {
    const KIND: &'static str = "service_record";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let count =
            usize::from(self.station_id.is_some()) + usize::from(self.service_event_id.is_some());
        let why = "one of station_id and service_event_id is required, and only one";
        checks.rule(count == 1, "station_id", "service_record.place", why);
    }

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("served_time", &mut self.served_time)]
    }

    fn references(&self) -> Vec<Reference> {
        [
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
            self.service_event_id.map(|id| {
                Reference::id("service_event_id", "service_event", id)
                    .while_in(&[ServiceEventState::Planned, ServiceEventState::Held])
            }),
            self.catalogue_item_id
                .map(|id| Reference::id("catalogue_item_id", "catalogue_item", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn placed_by(&self) -> Option<Uuid> {
        self.station_id.or(self.service_event_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: self.placed_by(),
            subject_id: self.resident_id,
            code: if self.station_id.is_some() {
                "station"
            } else {
                "event"
            },
            start_date: Some(day_of(self.served_time, DEFAULT_ZONE)),
            ..Told::course(self)
        }
    }
}

impl Stateful for ServiceRecord {
    type State = ServiceRecordState;

    fn course(&self) -> &Course<ServiceRecordState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<ServiceRecordState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(ServiceRecordState::ALL));
    }
}
