//! Creates an area in the tree.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{CallContext, area_tree, references::References};
use crate::{
    App,
    domain::area::{Area, AreaDraft},
    events::{self, Origin},
    store::{area as store, area_tree::lock_tree},
};

/// Creates an area, or returns the one that an earlier attempt of the same request created.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`area_not_current`),
/// `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub async fn create_area(app: &App, call: CallContext, draft: AreaDraft) -> Result<Area, Refusal> {
    let area = draft.check()?;
    let now = app.clock.now();
    let created = app
        .change(move |tx| {
            async move {
                if let Some(id) = request::claim(tx, &call.key, area.id.0, 1, now).await? {
                    let earlier = store::load_area_by_id(tx, &call.scope, id).await?;
                    return Ok(earlier.ok_or_else(|| Refusal::not_found("area", id))?);
                }
                let mut references = References::new(call.scope);
                // Without the lock, two areas created at the same time would each be checked
                // without the other's code and boundary.
                lock_tree(tx).await?;
                check(tx, &mut references, &area).await?;
                save(tx, &references, &area, Origin::call(now)).await?;
                Ok(area)
            }
            .boxed()
        })
        .await?;
    // After the commit, or a rebuild of the index could miss the new area.
    app.places.changed();
    Ok(created)
}

/// Checks that the parent exists on the area's first day and is of the right kind; a
/// district has no parent and must itself be in the caller's scope. Then checks the
/// code and the boundary against the rest of the tree, which must be locked.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED` (`area_not_current`).
pub async fn check(tx: &mut Tx, references: &mut References, area: &Area) -> Result<(), Failure> {
    check_parent(tx, references, area).await?;
    // A duplicate of the code itself is reported by the insert.
    area_tree::check_code(tx, references.scope(), area).await?;
    let nearer = references.bounded_around(&area.code);
    area_tree::check_within(tx, references.scope(), area, nearer).await
}

async fn check_parent(
    tx: &mut Tx,
    references: &mut References,
    area: &Area,
) -> Result<(), Failure> {
    match &area.parent_code {
        Some(parent) => {
            let parent = references.area(tx, parent, "area.parent_code").await?;
            area.check_parent(parent.kind)?;
            let days = parent.days;
            Ok(days.require("area", "parent_code", area.start_date)?)
        }
        None if references.scope().covers(&area.code) => Ok(()),
        // Without a parent there is no reference whose lookup would enforce the scope.
        None => Err(Refusal::unknown_reference("area.code", "area").into()),
    }
}

/// Inserts an area and appends its event.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(
    tx: &mut Tx,
    references: &References,
    area: &Area,
    origin: Origin,
) -> Result<(), Failure> {
    store::insert_area(tx, references.scope(), area).await?;
    wangge_outbox::append(tx, &events::area_changed(area, origin)).await
}
