//! Service records: one person served once, at a station or at an event. A record belongs
//! to the area of its station or event.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::Rule;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

use super::service_event::ServiceEventState;

states! {
    /// States of a service record, numbered as in the contract.
    ServiceRecordState {
        /// Recorded, and counted as one person-time.
        Recorded = 1 => "recorded",
        /// Recorded by mistake; not counted by any figure. Final.
        Voided = 2 => "voided",
    }
    ServiceRecordAction {
        Void = "void": Recorded => Voided,
    }
}

/// One person served once: one person-time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Fields common to all records; the area is that of the station or event.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<ServiceRecordState>,
    /// Id of the station; `None` if the service was at an event.
    pub station_id: Option<Uuid>,
    /// Id of the event; `None` if the service was at a station.
    pub service_event_id: Option<Uuid>,
    /// Id of the catalogue item; `None` if the service is not in the catalogue.
    pub catalogue_item_id: Option<Uuid>,
    /// Id of the resident who was served, in the organization service, if known there;
    /// not verified.
    pub resident_id: Option<Uuid>,
    /// Time at which the service took place.
    pub served_time: DateTime<Utc>,
}

impl Record for ServiceRecord {
    const KIND: &'static str = "service_record";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let count =
            usize::from(self.station_id.is_some()) + usize::from(self.service_event_id.is_some());
        let why = "exactly one of station_id and service_event_id is required";
        checks.rule(count == 1, "station_id", Rule::MessageOneof, why);
    }

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        // Rejected if it is in the future. A time that is ahead by no more than clocks
        // differ becomes the present instead: a caller's clock need not be exact.
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

    fn area_from(&self) -> Option<Uuid> {
        self.station_id.or(self.service_event_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.area_from(),
            subject_id: self.resident_id,
            code: if self.station_id.is_some() {
                "station"
            } else {
                "event"
            },
            // Also the day on which the station or the catalogue item must be in effect,
            // so that a service can still be recorded after they have ended.
            start_date: Some(day_of(self.served_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for ServiceRecord {
    lifecycle!(ServiceRecordState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(ServiceRecordState::ALL));
    }
}
