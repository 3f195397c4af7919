//! Appoints a person to a post.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{CallContext, references::References};
use crate::{
    App,
    domain::appointment::{Appointment, AppointmentDraft, Seat},
    events::{self, Origin},
    store,
};

/// Appoints a person, or returns the appointment that an earlier attempt of the same
/// request made.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`post_taken`,
/// `unit_not_current`, `area_not_current`),
/// `REQUEST_ID_REUSED`, and `RECORD_EXISTS` for an id in use.
pub async fn create_appointment(
    app: &App,
    call: CallContext,
    draft: AppointmentDraft,
) -> Result<Appointment, Refusal> {
    let appointment = draft.check()?;
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            // Claimed before the checks: a retry must not conflict with the appointment of its
            // own first attempt.
            if let Some(id) = request::claim(tx, &call.key, appointment.id.0, 1, now).await? {
                let earlier = store::appointment::lock_appointment(tx, &call.scope, id).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("appointment", id))?);
            }
            let mut references = References::new(call.scope);
            let appointment = place(tx, &mut references, appointment).await?;
            check_post(tx, &references, &appointment).await?;
            save(tx, &references, &appointment, Origin::call(now)).await?;
            Ok(appointment)
        }
        .boxed()
    })
    .await
}

/// Returns the appointment with the area of its unit. Checks that the person exists,
/// that the unit exists for as long as the post is held in it, and that the grid exists
/// on the first day.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED` (`unit_not_current`,
/// `area_not_current`).
pub async fn place(
    tx: &mut Tx,
    references: &mut References,
    appointment: Appointment,
) -> Result<Appointment, Failure> {
    references
        .person(tx, appointment.person_id, "appointment.person_id")
        .await?;
    match appointment.seat() {
        Seat::Unit(unit) => {
            let unit = references.unit(tx, unit, "appointment.unit_id").await?;
            let days = appointment.days();
            unit.days.require_around("unit", "unit_id", days)?;
            Ok(appointment.in_unit_of(unit.area_code))
        }
        Seat::Area(code) => {
            let area = references.area(tx, &code, "appointment.area_code").await?;
            appointment.check_area(area.kind)?;
            let days = area.days;
            // Only the first day counts for an area, unlike for a unit: a grid can be split
            // while the records in it go on.
            days.require("area", "area_code", appointment.start_date)?;
            Ok(appointment)
        }
    }
}

/// Checks that no other person holds an exclusive post on one of the days, and that
/// no person holds the same post twice. The unit or area stays locked until the
/// transaction ends, so that of two concurrent appointments one sees the other.
///
/// # Errors
/// `GUARD_FAILED` (`post_taken`).
pub async fn check_post(
    tx: &mut Tx,
    references: &References,
    appointment: &Appointment,
) -> Result<(), Failure> {
    let scope = references.scope();
    // A row lock instead of an exclusion constraint: one over text and uuid columns would
    // need a PostgreSQL extension.
    match appointment.seat() {
        Seat::Unit(unit) => drop(store::unit::lock_unit(tx, scope, unit.0).await?),
        Seat::Area(code) => drop(store::area::lock_area(tx, scope, &code).await?),
    }
    if store::appointment::is_post_taken(tx, scope, appointment).await? {
        return Err(Appointment::taken().into());
    }
    Ok(())
}

/// Inserts an appointment and appends its event.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(
    tx: &mut Tx,
    references: &References,
    appointment: &Appointment,
    origin: Origin,
) -> Result<(), Failure> {
    store::appointment::insert_appointment(tx, references.scope(), appointment).await?;
    wangge_outbox::append(tx, &events::appointment_changed(appointment, origin)).await
}
