//! Converts officials' records to events. Events contain ids, codes, days and states; they
//! never contain what an official did or why a visit was voided, which is personal free
//! text. All other records have the event of `wangge-record-store`.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::{timestamp, to_wire},
    events::v1::{self, event::Payload},
};
use wangge_outbox::NewEvent;
use wangge_record::{Change, Metadata, NoAction};

use crate::{
    domain::{
        check_in_visit::{CheckInVisit, CheckInVisitAction, CheckInVisitState},
        registration::Registration,
    },
    import::Plain,
};

/// Returns the kinds of records that have events.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    Plain::KINDS.iter().copied()
}

/// Returns the event of a registration that was created or ended, or whose end was
/// corrected.
pub(crate) fn registration_changed(
    registration: &Registration,
    change: Change<NoAction>,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let metadata = &registration.metadata;
    let payload = Payload::RegistrationChanged(v1::RegistrationChanged {
        registration_id: metadata.id.to_string(),
        person_id: registration.person_id.to_string(),
        home_unit_id: registration.home_unit_id.to_string(),
        area_code: metadata.area_code.clone(),
        start_date: Some(to_wire(registration.start_date)),
        end_date: registration.end_date.map(to_wire),
    });
    let created = (change == Change::Create).then_some(metadata.created_time);
    vec![event(metadata, (metadata.revision, created), now, payload)]
}

/// Returns the event of a visit that was recorded or voided. One that is imported voided
/// was recorded before: it has an event for each revision, so that consumers see no gap.
pub(crate) fn check_in_visit_changed(
    visit: &CheckInVisit,
    change: Change<CheckInVisitAction>,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let metadata = &visit.metadata;
    let of = |state: CheckInVisitState, revision, created| {
        let payload = Payload::CheckInVisitChanged(v1::CheckInVisitChanged {
            check_in_visit_id: metadata.id.to_string(),
            registration_id: visit.registration_id.to_string(),
            area_code: metadata.area_code.clone(),
            visit_time: Some(timestamp(visit.visit_time)),
            state: i32::from(state.code()),
            person_id: visit.person_id.to_string(),
        });
        event(metadata, (revision, created), now, payload)
    };
    if change != Change::Create {
        return vec![of(visit.lifecycle.state(), metadata.revision, None)];
    }
    let recorded = of(CheckInVisitState::Recorded, 1, Some(metadata.created_time));
    let voided = visit.lifecycle.last_time(CheckInVisitAction::Void);
    let voided = voided.map(|time| of(CheckInVisitState::Voided, 2, Some(time)));
    std::iter::once(recorded).chain(voided).collect()
}

/// Returns the event of a revision. `past` is its time, if it is part of a record's
/// creation: an import creates records with their past. All else happens now.
fn event(
    metadata: &Metadata,
    (revision, past): (i64, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
    payload: Payload,
) -> NewEvent {
    NewEvent {
        record_id: metadata.id,
        revision,
        area_code: metadata.area_code.clone(),
        occurred_time: past.unwrap_or(now),
        recorded_time: now,
        imported: metadata.imported && past.is_some(),
        payload,
    }
}
