//! Maps records to events: ids, codes, days and states, never what an official did
//! or why a visit was voided.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::{timestamp, to_wire},
    events::v1::{self, event::Payload},
};
use wangge_outbox::NewEvent;

use crate::domain::{check_in_visit::CheckInVisit, registration::Registration};

/// The times of a change: when it happened and when it was recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    /// Time at which it happened in the world.
    pub(crate) occurred_time: DateTime<Utc>,
    /// Time at which it is written.
    pub(crate) recorded_time: DateTime<Utc>,
    /// True if it was imported, not entered live.
    pub(crate) imported: bool,
}

impl Occurrence {
    /// Creates the occurrence of a change that happens and is written now.
    pub(crate) fn live(now: DateTime<Utc>) -> Self {
        Self {
            occurred_time: now,
            recorded_time: now,
            imported: false,
        }
    }

    /// Creates the occurrence of a past change that is written now.
    pub(crate) fn past(occurred_time: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            occurred_time,
            recorded_time: now,
            imported: true,
        }
    }
}

/// Returns the event for a registration that was created or ended.
pub(crate) fn registration_changed(registration: &Registration, when: Occurrence) -> NewEvent {
    let payload = Payload::RegistrationChanged(v1::RegistrationChanged {
        registration_id: registration.id.to_string(),
        person_id: registration.person_id.to_string(),
        home_unit_id: registration.home_unit_id.to_string(),
        area_code: registration.area_code.clone(),
        start_date: Some(to_wire(registration.start_date)),
        end_date: registration.end_date.map(to_wire),
    });
    NewEvent {
        record_id: registration.id.0,
        revision: registration.revision,
        area_code: registration.area_code.clone(),
        occurred_time: when.occurred_time,
        recorded_time: when.recorded_time,
        imported: when.imported,
        payload,
    }
}

/// Returns the event for a visit that was recorded or voided.
pub(crate) fn check_in_visit_changed(visit: &CheckInVisit, when: Occurrence) -> NewEvent {
    let payload = Payload::CheckInVisitChanged(v1::CheckInVisitChanged {
        check_in_visit_id: visit.id.to_string(),
        registration_id: visit.registration_id.to_string(),
        area_code: visit.area_code.clone(),
        visit_time: Some(timestamp(visit.visit_time)),
        state: i32::from(visit.state.code()),
        person_id: visit.person_id.to_string(),
    });
    NewEvent {
        record_id: visit.id.0,
        revision: visit.revision,
        area_code: visit.area_code.clone(),
        occurred_time: when.occurred_time,
        recorded_time: when.recorded_time,
        imported: when.imported,
        payload,
    }
}
