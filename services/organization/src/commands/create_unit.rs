//! Makes a unit.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{Call, references::References};
use crate::{
    App,
    domain::unit::{Unit, UnitDraft},
    events::{self, Origin},
    store::unit as store,
};

/// Makes a unit, or answers the one that the same request made before.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`area_not_current`,
/// `unit_not_current`), `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub async fn create_unit(app: &App, call: Call, draft: UnitDraft) -> Result<Unit, Refusal> {
    let unit = draft.check()?;
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            if let Some(id) = request::claim(tx, &call.key, unit.id.0, 1, now).await? {
                let earlier = store::load_unit(tx, &call.scope, id).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("unit", id))?);
            }
            let mut references = References::new(call.scope);
            check(tx, &mut references, &unit).await?;
            save(tx, &references, &unit, Origin::call(now)).await?;
            Ok(unit)
        }
        .boxed()
    })
    .await
}

/// Demands that the area is there, and the parent, of the right level: the area on
/// the unit's first day, the parent as long as the unit is.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED` (`area_not_current`,
/// `unit_not_current`).
pub async fn check(tx: &mut Tx, references: &mut References, unit: &Unit) -> Result<(), Failure> {
    let area = references
        .area(tx, &unit.area_code, "unit.area_code")
        .await?;
    area.days.demand("area", "area_code", unit.start_date)?;
    if let Some(parent) = unit.parent_id {
        let parent = references.unit(tx, parent, "unit.parent_id").await?;
        unit.check_parent(parent.kind)?;
        parent
            .days
            .demand_around("unit", "parent_id", unit.days())?;
    }
    Ok(())
}

/// Enters a unit and tells of it.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(
    tx: &mut Tx,
    references: &References,
    unit: &Unit,
    origin: Origin,
) -> Result<(), Failure> {
    store::insert_unit(tx, references.scope(), unit).await?;
    wangge_outbox::append(tx, &events::unit_changed(unit, origin)).await
}
