//! Records as events: ids, codes, days and states, never what an official did
//! or why a visit was voided.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::{timestamp, to_wire},
    events::v1::{self, event::Payload},
};
use wangge_outbox::NewEvent;

use crate::domain::{check_in_visit::CheckInVisit, registration::Registration};

/// When a change happened and how it came to be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    /// When it happened in the world.
    pub(crate) occurred_time: DateTime<Utc>,
    /// When it is written.
    pub(crate) recorded_time: DateTime<Utc>,
    /// Loaded with a past.
    pub(crate) imported: bool,
}

impl Occurrence {
    /// A change that happens and is written now.
    pub(crate) fn live(now: DateTime<Utc>) -> Self {
        Self {
            occurred_time: now,
            recorded_time: now,
            imported: false,
        }
    }

    /// A change of the past, written now.
    pub(crate) fn past(occurred_time: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            occurred_time,
            recorded_time: now,
            imported: true,
        }
    }
}

/// A registration was made or ended.
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

/// A visit was recorded or voided.
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
