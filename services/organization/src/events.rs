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

use crate::domain::{
    address::Address, appointment::Appointment, area::Area, figure::PublishedFigure, unit::Unit,
};

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
    fn occurred(&self, start: Option<NaiveDate>) -> DateTime<Utc> {
        // A date has no zone of its own: its day starts at midnight in the platform's
        // zone, not in UTC.
        start
            .filter(|_| self.imported)
            .map_or(self.now, |start| day_start(start, DEFAULT_ZONE))
    }
}

/// Returns the event of a created or changed area.
pub fn area_changed(area: &Area, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: area.id.0,
        revision: area.revision,
        area_code: area.code.clone(),
        occurred_time: origin.occurred(Some(area.start_date)),
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

/// Returns the event of a new address book entry.
pub fn address_changed(address: &Address, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: address.id.0,
        revision: address.revision,
        // An entry has no first day, so an imported one occurs when it is written.
        area_code: address.area_code.clone(),
        occurred_time: origin.occurred(None),
        recorded_time: origin.now,
        imported: origin.imported,
        payload: Payload::AddressChanged(AddressChanged {
            address_id: address.id.to_string(),
            normalized_text: address.normalized_text.clone(),
            area_code: address.area_code.clone(),
        }),
    }
}

/// Returns the event of a created or changed unit.
pub fn unit_changed(unit: &Unit, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: unit.id.0,
        revision: unit.revision,
        area_code: unit.area_code.clone(),
        occurred_time: origin.occurred(Some(unit.start_date)),
        recorded_time: origin.now,
        imported: origin.imported,
        payload: Payload::UnitChanged(UnitChanged {
            unit_id: unit.id.to_string(),
            code: unit.code.clone(),
            kind: unit.kind.code().into(),
            parent_id: unit.parent_id.map(|id| id.to_string()).unwrap_or_default(),
            area_code: unit.area_code.clone(),
            start_date: Some(to_wire(unit.start_date)),
            end_date: unit.end_date.map(to_wire),
        }),
    }
}

/// Returns the event of an appointment that was made, ended or corrected.
pub fn appointment_changed(appointment: &Appointment, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: appointment.id.0,
        revision: appointment.revision,
        area_code: appointment.area_code.clone(),
        occurred_time: origin.occurred(Some(appointment.start_date)),
        recorded_time: origin.now,
        imported: origin.imported,
        payload: Payload::AppointmentChanged(AppointmentChanged {
            appointment_id: appointment.id.to_string(),
            person_id: appointment.person_id.to_string(),
            post: appointment.post.code().into(),
            unit_id: appointment
                .unit_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            area_code: appointment.area_code.clone(),
            start_date: Some(to_wire(appointment.start_date)),
            end_date: appointment.end_date.map(to_wire),
        }),
    }
}

/// Returns the event of an imported figure.
pub fn figure_changed(figure: &PublishedFigure, origin: Origin) -> NewEvent {
    NewEvent {
        record_id: figure.id.0,
        revision: figure.revision,
        area_code: figure.area_code.clone(),
        // Not `as_of_date`: that is the day that the number is true for, not the
        // day of its publication.
        occurred_time: origin.occurred(None),
        recorded_time: origin.now,
        imported: origin.imported,
        payload: Payload::PublishedFigureChanged(PublishedFigureChanged {
            published_figure_id: figure.id.to_string(),
            area_code: figure.area_code.clone(),
            figure_key: figure.figure_key.clone(),
            value: figure.value,
            bound: figure.bound.code().into(),
            period: figure.period.code().into(),
            as_of_date: Some(to_wire(figure.as_of_date)),
        }),
    }
}
