//! Feed events of the service. They carry ids, codes, places and dates; there is no
//! event for people, because feeds carry no personal data.

use chrono::{DateTime, NaiveDate, Utc};
use wangge_api::{
    date::to_wire,
    events::v1::{
        AddressChanged, AppointmentChanged, AreaChanged, PublishedFigureChanged, UnitChanged,
        event::Payload,
    },
};
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_outbox::NewEvent;

use wangge_record::{Change, NoAction, Record};

use crate::{
    domain::{
        address::Address, appointment::Appointment, area::Area, figure::PublishedFigure,
        person::Person, unit::Unit,
    },
    import::Plain,
};

/// Returns the kinds of records that have events: all but people.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    let plain = Plain::KINDS.iter().copied();
    plain.filter(|kind| *kind != Person::KIND).chain(["area"])
}

/// The origin of a change: a call or an import.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// When the change is written.
    pub now: DateTime<Utc>,
    /// True if the change is part of an import of historical records.
    pub imported: bool,
}

impl Origin {
    /// Returns the origin of a change made by a call.
    pub fn call(now: DateTime<Utc>) -> Self {
        Self {
            now,
            imported: false,
        }
    }

    /// Returns the origin of an imported record.
    pub fn import(now: DateTime<Utc>) -> Self {
        Self {
            now,
            imported: true,
        }
    }

    /// Returns the time of the change: an imported record began on its first day.
    fn occurred(&self, start: NaiveDate) -> DateTime<Utc> {
        // A date has no zone of its own: its day starts at midnight in the platform's
        // zone, not in UTC.
        if self.imported {
            day_start(start, DEFAULT_ZONE)
        } else {
            self.now
        }
    }
}

/// Returns the event of a created or changed area.
pub fn area_changed(area: &Area, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: area.id,
        revision: area.revision,
        area_code: area.code.clone(),
        occurred_time: origin.occurred(area.start_date),
        recorded_time: origin.now,
        imported: origin.imported,
        payload: Payload::AreaChanged(AreaChanged {
            area_id: area.id.to_string(),
            code: area.code.clone(),
            kind: area.kind.code().into(),
            name: area.name.clone(),
            // Proto3 strings have no null: an empty one means that there is no parent,
            // or no boundary.
            parent_code: area.parent_code.clone().unwrap_or_default(),
            boundary_geojson: area.boundary_geojson.clone().unwrap_or_default(),
            start_date: Some(to_wire(area.start_date)),
            end_date: area.end_date.map(to_wire),
        }),
    }
}

/// Returns the event of a record in its current version.
fn of<R: Record>(record: &R, now: DateTime<Utc>, payload: Payload) -> Vec<NewEvent> {
    let metadata = record.metadata();
    vec![NewEvent {
        record_id: metadata.id,
        revision: metadata.revision,
        area_code: metadata.area_code.clone(),
        occurred_time: metadata.changed_time,
        recorded_time: now,
        imported: metadata.imported,
        payload,
    }]
}

/// Returns the event of a new address book entry.
pub(crate) fn of_address(
    address: &Address,
    _: Change<NoAction>,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let payload = AddressChanged {
        address_id: address.metadata.id.to_string(),
        normalized_text: address.text.normalized_text.clone(),
        area_code: address.metadata.area_code.clone(),
    };
    of(address, now, Payload::AddressChanged(payload))
}

/// Returns the event of a created or changed unit.
pub(crate) fn of_unit(unit: &Unit, _: Change<NoAction>, now: DateTime<Utc>) -> Vec<NewEvent> {
    let payload = UnitChanged {
        unit_id: unit.metadata.id.to_string(),
        code: unit.code.0.clone(),
        kind: unit.kind.code().into(),
        parent_id: unit.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        area_code: unit.metadata.area_code.clone(),
        start_date: Some(to_wire(unit.start_date)),
        end_date: unit.end_date.map(to_wire),
    };
    of(unit, now, Payload::UnitChanged(payload))
}

/// Returns no event: people are personal data, which feeds don't carry.
pub(crate) fn of_person(_: &Person, _: Change<NoAction>, _: DateTime<Utc>) -> Vec<NewEvent> {
    Vec::new()
}

/// Returns the event of an appointment that was made, ended or corrected.
pub(crate) fn of_appointment(
    appointment: &Appointment,
    _: Change<NoAction>,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let unit_id = appointment.unit_id.map(|id| id.to_string());
    let payload = AppointmentChanged {
        appointment_id: appointment.metadata.id.to_string(),
        person_id: appointment.person_id.to_string(),
        post: appointment.post.code().into(),
        unit_id: unit_id.unwrap_or_default(),
        area_code: appointment.metadata.area_code.clone(),
        start_date: Some(to_wire(appointment.start_date)),
        end_date: appointment.end_date.map(to_wire),
    };
    of(appointment, now, Payload::AppointmentChanged(payload))
}

/// Returns the event of an imported figure.
pub(crate) fn of_figure(
    figure: &PublishedFigure,
    _: Change<NoAction>,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let payload = PublishedFigureChanged {
        published_figure_id: figure.metadata.id.to_string(),
        area_code: figure.metadata.area_code.clone(),
        figure_key: figure.figure_key.0.clone(),
        value: figure.value,
        bound: figure.bound.code().into(),
        period: figure.period.code().into(),
        as_of_date: Some(to_wire(figure.as_of_date)),
    };
    of(figure, now, Payload::PublishedFigureChanged(payload))
}
