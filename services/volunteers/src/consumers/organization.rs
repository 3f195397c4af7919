//! Maintains the copies of organization's areas and units. Stores nothing personal: no
//! event contains persons, and appointments are ignored.

use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_api::{
    date,
    events::v1::{AreaChanged, Event, UnitChanged, event::Payload},
    refusal::{Refusal, Rule},
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};
use wangge_record::Days;

use crate::{domain::area::Area, store};

/// The projector of areas and units. It is idempotent: a duplicate event, or one older
/// than the stored revision, changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Replicas;

impl Projector for Replicas {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        async move {
            match &event.payload {
                Some(Payload::AreaChanged(area)) => apply_area(tx, area, event.revision).await,
                Some(Payload::UnitChanged(unit)) => apply_unit(tx, unit, event.revision).await,
                // Other payloads are skipped, also those that only a newer organization
                // sends: an error here would move them to the dead-letter table.
                _ => Ok(()),
            }
        }
        .boxed()
    }
}

async fn apply_area(tx: &mut Tx, changed: &AreaChanged, revision: i64) -> Result<(), Failure> {
    // The upsert compares revisions: feeds redeliver events, and an older one must not
    // overwrite newer data.
    let area_id = id(&changed.area_id, "area_changed.area_id")?;
    let area = Area {
        code: changed.code.clone(),
        kind: kind(changed.kind, "area_changed.kind")?,
        start_date: date::optional(changed.start_date.as_ref(), "area_changed.start_date")?,
        end_date: date::optional(changed.end_date.as_ref(), "area_changed.end_date")?,
    };
    Ok(store::area::upsert_area(tx, area_id, &area, revision).await?)
}

async fn apply_unit(tx: &mut Tx, changed: &UnitChanged, revision: i64) -> Result<(), Failure> {
    let unit_id = id(&changed.unit_id, "unit_changed.unit_id")?;
    let kind = kind(changed.kind, "unit_changed.kind")?;
    let days = Days {
        start_date: date::optional(changed.start_date.as_ref(), "unit_changed.start_date")?,
        end_date: date::optional(changed.end_date.as_ref(), "unit_changed.end_date")?,
    };
    Ok(store::unit::upsert_unit(tx, unit_id, kind, &changed.area_code, days, revision).await?)
}

fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, Rule::StringUuid, "must be a UUID"))
}

/// Returns the number of a kind. Numbers are stored rather than enum values, so that
/// a kind that only a newer organization knows is preserved.
fn kind(number: i32, field: &str) -> Result<i16, Refusal> {
    i16::try_from(number)
        .map_err(|_| Refusal::field(field, Rule::EnumDefinedOnly, "is not a valid kind"))
}
