//! Maintains replicas of organization's areas and units. Stores nothing personal: no
//! event carries persons, and appointments are not stored.

use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_api::{
    date,
    events::v1::{AreaChanged, Event, UnitChanged, event::Payload},
    refusal::Refusal,
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};
use wangge_records::Days;

use crate::{domain::area::Area, store};

/// Projects areas and units. Duplicate events, and events older than the stored
/// revision, have no effect.
#[derive(Debug, Clone, Copy)]
pub struct Replicas;

impl Projector for Replicas {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        async move {
            match &event.payload {
                Some(Payload::AreaChanged(area)) => apply_area(tx, area, event.revision).await,
                Some(Payload::UnitChanged(unit)) => apply_unit(tx, unit, event.revision).await,
                // A newer organization may send payloads that are unknown here; they must not
                // stop the feed.
                _ => Ok(()),
            }
        }
        .boxed()
    }
}

async fn apply_area(tx: &mut Tx, changed: &AreaChanged, revision: i64) -> Result<(), Failure> {
    // A malformed event is a refusal, which the consumer counts as the event's fault and
    // moves to the dead-letter table; the feed goes on.
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
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, "string.uuid", "must be a UUID"))
}

/// Returns a kind as its number, so that a kind that only a newer organization knows
/// is stored as well.
fn kind(number: i32, field: &str) -> Result<i16, Refusal> {
    i16::try_from(number).map_err(|_| Refusal::field(field, "enum", "is no kind"))
}
