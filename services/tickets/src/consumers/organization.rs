//! Consumer of organization's feed: maintains the copies of areas, units and addresses.

use chrono::NaiveDate;
use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_api::{
    date,
    events::v1::{Event, event::Payload},
    refusal::{Refusal, Rule},
    types::v1::Date,
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use crate::store::{
    category::reference_changed,
    copies::{AreaCopy, UnitCopy, upsert_address, upsert_area, upsert_area_name, upsert_unit},
};

/// Applies events of organization's feed. It doesn't rebuild the snapshot that reports
/// are routed with: a background task does, at most once a second, so that a bulk
/// import of areas and addresses doesn't cause a full reload per message.
#[derive(Debug)]
pub(crate) struct OrganizationProjector;

impl Projector for OrganizationProjector {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        apply(tx, event).boxed()
    }
}

async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let revision = event.revision;
    match &event.payload {
        Some(Payload::AreaChanged(area)) => {
            let copy = AreaCopy {
                id: id(&area.area_id)?,
                code: area.code.clone(),
                kind: i16::try_from(area.kind).unwrap_or_default(),
                boundary_geojson: area.boundary_geojson.clone(),
                start_date: day(area.start_date.as_ref())?,
                end_date: date::optional(area.end_date.as_ref(), "end_date")?,
                revision,
            };
            upsert_area(tx, &copy).await?;
            upsert_area_name(tx, copy.id, &area.name, revision).await?;
        }
        Some(Payload::UnitChanged(unit)) => {
            let copy = UnitCopy {
                id: id(&unit.unit_id)?,
                kind: i16::try_from(unit.kind).unwrap_or_default(),
                area_code: unit.area_code.clone(),
                start_date: day(unit.start_date.as_ref())?,
                end_date: date::optional(unit.end_date.as_ref(), "end_date")?,
                revision,
            };
            upsert_unit(tx, &copy).await?;
        }
        Some(Payload::AddressChanged(address)) => {
            let (text, area) = (&address.normalized_text, &address.area_code);
            upsert_address(tx, id(&address.address_id)?, text, area, revision).await?;
        }
        // Returns before the version is incremented: other events (appointments, for one)
        // must not make every replica rebuild its snapshot.
        _ => return Ok(()),
    }
    Ok(reference_changed(tx).await?)
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field("id", Rule::StringUuid, "must be a UUID"))
}

fn day(date: Option<&Date>) -> Result<NaiveDate, Refusal> {
    date::required(date, "start_date")
}
