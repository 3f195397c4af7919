//! Conversion of appointments; `PersonService` serves them.

use wangge_api::{date, organization::v1 as proto, refusal::Refusal};
use wangge_record::etag::etag;

use super::wire;
use crate::{
    domain::appointment::{Appointment, AppointmentDraft, AppointmentId, Post},
    store::appointment::AppointmentFilter,
};

/// Converts a request's appointment to a draft.
pub(super) fn draft(
    appointment: proto::Appointment,
    id: AppointmentId,
) -> Result<AppointmentDraft, Refusal> {
    Ok(AppointmentDraft {
        id,
        person_id: wire::optional_id(&appointment.person_id, "appointment.person_id")?,
        post: Post::from_code(appointment.post),
        unit_id: wire::optional_id(&appointment.unit_id, "appointment.unit_id")?,
        start_date: date::optional(appointment.start_date.as_ref(), "appointment.start_date")?,
        end_date: date::optional(appointment.end_date.as_ref(), "appointment.end_date")?,
        area_code: appointment.area_code,
    })
}

/// Returns the filter of a list request, and the arguments that its page tokens are
/// bound to.
pub(super) fn filter(
    message: &proto::ListAppointmentsRequest,
) -> Result<(AppointmentFilter, Vec<String>), Refusal> {
    let on_date = date::optional(message.on_date.as_ref(), "on_date")?;
    let arguments = vec![
        "ListAppointments".to_owned(),
        message.within_code.clone(),
        message.post.to_string(),
        on_date.map(|day| day.to_string()).unwrap_or_default(),
    ];
    Ok((
        AppointmentFilter {
            post: Post::from_code(message.post),
            on_date,
        },
        arguments,
    ))
}

/// Converts a stored appointment to its message.
pub(super) fn to_wire(appointment: Appointment) -> proto::Appointment {
    let etag = etag("appointment", appointment.revision, &appointment);
    proto::Appointment {
        id: appointment.id.to_string(),
        person_id: appointment.person_id.to_string(),
        post: appointment.post.code().into(),
        unit_id: appointment
            .unit_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        area_code: appointment.area_code,
        start_date: Some(date::to_wire(appointment.start_date)),
        end_date: appointment.end_date.map(date::to_wire),
        revision: appointment.revision,
        etag,
    }
}
