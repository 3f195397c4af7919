//! Rows of units, people and appointments.

use wangge_pg::{Tx, transaction::Failure};

use super::{
    super::{Outcome, Run},
    free,
};
use crate::{
    commands::{create_appointment, create_person, create_unit, references::UnitFacts},
    domain::{
        appointment::{Appointment, AppointmentDraft},
        person::{Person, PersonDraft},
        unit::{Unit, UnitDraft},
    },
    events::Origin,
    store,
};

pub(super) async fn unit(
    tx: &mut Tx,
    run: &mut Run,
    draft: UnitDraft,
    row: &str,
    origin: Origin,
) -> Result<Outcome, Failure> {
    let unit = draft.check()?;
    let scope = run.references().scope().clone();
    let kept = store::unit::load_unit(&mut *tx, &scope, unit.id.0).await?;
    let kept = kept.map(|kept| {
        (
            // Revisions are not compared: the stored unit may have a later one.
            Unit {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    let kept = run
        .kept_from(tx, ("unit", unit.id.0, row), &unit, kept)
        .await?;
    if let Some(outcome) = run.known("unit.id", unit.id.0, &unit, kept)? {
        return Ok(outcome);
    }
    create_unit::check(tx, run.references_mut(), &unit).await?;
    if run.validate_only {
        // A dry run inserts nothing that could report the duplicate.
        free(store::unit::taken_field(tx, &scope, &unit).await?, "unit")?;
        run.seen.take("unit", "unit.code", unit.code.clone())?;
    } else {
        create_unit::save(tx, run.references(), &unit, origin).await?;
        store::loaded::remember(tx, "unit", unit.id.0, row).await?;
    }
    // Later rows of the stream may refer to the unit, also in a dry run.
    run.references_mut()
        .learn_unit(unit.id, UnitFacts::of(&unit));
    Ok(run.passed(unit.id.0, &unit))
}

pub(super) async fn person(
    tx: &mut Tx,
    run: &mut Run,
    draft: PersonDraft,
) -> Result<Outcome, Failure> {
    let person = draft.check()?;
    let scope = run.references().scope().clone();
    let kept = store::person::load_person(&mut *tx, &scope, person.id.0).await?;
    let kept = kept.map(|kept| {
        (
            // Revisions are not compared: the stored person may have a later one.
            Person {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    if let Some(outcome) = run.known("person.id", person.id.0, &person, kept)? {
        return Ok(outcome);
    }
    create_person::check(tx, run.references_mut(), &person).await?;
    // A dry run inserts nothing that could report the duplicate.
    if run.validate_only {
        free(
            store::person::taken_field(tx, &scope, &person).await?,
            "person",
        )?;
    } else {
        create_person::save(tx, run.references(), &person).await?;
    }
    run.references_mut().learn_person(person.id);
    Ok(run.passed(person.id.0, &person))
}

pub(super) async fn appointment(
    tx: &mut Tx,
    run: &mut Run,
    draft: AppointmentDraft,
    row: &str,
    origin: Origin,
) -> Result<Outcome, Failure> {
    // Placed before the comparison: the stored appointment has the area of its unit.
    let appointment = create_appointment::place(tx, run.references_mut(), draft.check()?).await?;
    let scope = run.references().scope().clone();
    let id = appointment.id.0;
    let kept = store::appointment::lock_appointment(tx, &scope, id).await?;
    let kept = kept.map(|kept| {
        (
            // Revisions are not compared: the stored appointment may have a later one.
            Appointment {
                revision: 1,
                ..kept.clone()
            },
            kept.revision,
        )
    });
    let kept = run
        .kept_from(tx, ("appointment", id, row), &appointment, kept)
        .await?;
    if let Some(outcome) = run.known("appointment.id", id, &appointment, kept)? {
        return Ok(outcome);
    }
    create_appointment::check_post(tx, run.references(), &appointment).await?;
    // A dry run inserts nothing that could report the duplicate, and earlier rows of
    // the stream may hold the post.
    if run.validate_only {
        free(
            store::appointment::taken_field(tx, &scope, &appointment).await?,
            "appointment",
        )?;
        run.seen.take_post(&appointment)?;
    } else {
        create_appointment::save(tx, run.references(), &appointment, origin).await?;
        store::loaded::remember(tx, "appointment", id, row).await?;
    }
    Ok(run.passed(id, &appointment))
}
