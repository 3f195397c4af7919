//! Creates an organization unit.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{CallContext, references::References};
use crate::{
    App,
    domain::unit::{Unit, UnitDraft},
    events::{self, Origin},
    store::unit as store,
};

/// Creates a unit, or returns the one that an earlier attempt of the same request
/// created.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`area_not_current`,
/// `unit_not_current`), `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub async fn create_unit(app: &App, call: CallContext, draft: UnitDraft) -> Result<Unit, Refusal> {
    let unit = draft.check()?;
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            // Claimed before the checks: a retry must succeed even if the parent has ended
            // since the first attempt.
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

/// Checks that the area exists on the unit's first day, and that the parent is of the
/// right level and exists for as long as the unit.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED` (`area_not_current`,
/// `unit_not_current`).
pub async fn check(tx: &mut Tx, references: &mut References, unit: &Unit) -> Result<(), Failure> {
    let area = references
        .area(tx, &unit.area_code, "unit.area_code")
        .await?;
    // Only the first day counts for the area: an area can be split while its units
    // go on.
    area.days.require("area", "area_code", unit.start_date)?;
    if let Some(parent) = unit.parent_id {
        let parent = references.unit(tx, parent, "unit.parent_id").await?;
        unit.check_parent(parent.kind)?;
        parent
            .days
            .require_around("unit", "parent_id", unit.days())?;
    }
    Ok(())
}

/// Inserts a unit and appends its event.
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
