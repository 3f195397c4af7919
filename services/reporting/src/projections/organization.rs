//! Projection of organization's feed: areas, units, appointments, published figures and plain
//! records.

use futures::{FutureExt as _, future::BoxFuture};
use wangge_api::{
    events::v1::{AppointmentChanged, Event, PublishedFigureChanged, event::Payload},
    refusal::Refusal,
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use super::{code, day, id, is_news, optional_day, optional_id, records};
use crate::store::{
    organization::{Appointment, Area, Unit, upsert_appointment, upsert_area, upsert_unit},
    published::{PublishedFigure, upsert_published_figure},
};

/// Applies the events of the organization service.
#[derive(Debug)]
pub(crate) struct OrganizationProjector;

impl Projector for OrganizationProjector {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        apply(tx, event).boxed()
    }
}

async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    // Checked first, in the same transaction: a feed that is read again repeats its events, and
    // an older revision must not overwrite a newer one.
    if !is_news(tx, event).await? {
        return Ok(());
    }
    match &event.payload {
        Some(Payload::AreaChanged(area)) => {
            let area = Area {
                id: id(&area.area_id)?,
                code: area.code.clone(),
                kind: code(area.kind),
                name: area.name.clone(),
                boundary_geojson: area.boundary_geojson.clone(),
                start_date: day(area.start_date.as_ref())?,
                end_date: optional_day(area.end_date.as_ref())?,
            };
            upsert_area(tx, &area).await?;
        }
        Some(Payload::UnitChanged(unit)) => {
            let unit = Unit {
                id: id(&unit.unit_id)?,
                kind: code(unit.kind),
                area_code: unit.area_code.clone(),
                start_date: day(unit.start_date.as_ref())?,
                end_date: optional_day(unit.end_date.as_ref())?,
            };
            upsert_unit(tx, &unit).await?;
        }
        Some(Payload::AppointmentChanged(changed)) => {
            upsert_appointment(tx, &appointment(changed)?).await?;
        }
        Some(Payload::PublishedFigureChanged(changed)) => {
            upsert_published_figure(tx, &figure(changed, event.revision)?).await?;
        }
        Some(Payload::RecordChanged(record)) => {
            records::apply(tx, "organization", event, record).await?;
        }
        // Events that no figure needs are ignored, as are those of newer releases.
        _ => {}
    }
    Ok(())
}

fn appointment(changed: &AppointmentChanged) -> Result<Appointment, Refusal> {
    Ok(Appointment {
        id: id(&changed.appointment_id)?,
        person_id: id(&changed.person_id)?,
        post: code(changed.post),
        unit_id: optional_id(&changed.unit_id)?,
        area_code: changed.area_code.clone(),
        start_date: day(changed.start_date.as_ref())?,
        end_date: optional_day(changed.end_date.as_ref())?,
    })
}

fn figure(changed: &PublishedFigureChanged, revision: i64) -> Result<PublishedFigure, Refusal> {
    Ok(PublishedFigure {
        id: id(&changed.published_figure_id)?,
        area_code: changed.area_code.clone(),
        figure_key: changed.figure_key.clone(),
        value: changed.value,
        bound: code(changed.bound),
        period: code(changed.period),
        as_of_date: day(changed.as_of_date.as_ref())?,
        revision,
    })
}
