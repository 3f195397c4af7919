//! Creates an area in the tree.

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, request, transaction::Failure};
use wangge_record::ResolvedReference;

use super::{CallContext, area_tree};
use crate::{
    App,
    domain::area::{Area, AreaDraft},
    events::{self, Origin},
    store::{area as store, area_tree::lock_tree},
};

/// Creates an area, or returns the one that an earlier attempt of the same request created.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`),
/// `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub async fn create_area(app: &App, call: CallContext, draft: AreaDraft) -> Result<Area, Refusal> {
    let now = app.clock.now();
    let area = draft.check(now)?;
    let created = app
        .change(move |tx| {
            async move {
                if let Some(id) = request::claim(tx, &call.key, area.id, 1, now).await? {
                    let earlier = store::load_area_by_id(tx, &call.scope, id).await?;
                    return Ok(earlier.ok_or_else(|| Refusal::not_found("area", id))?);
                }
                // Without the lock, two areas created at the same time would each be checked
                // without the other's code and boundary.
                lock_tree(tx).await?;
                check(tx, &call.scope, &area, None).await?;
                if !save(tx, &call.scope, &area, None, now).await? {
                    let id = store::is_from_row(tx, &call.scope, area.id, "").await?;
                    let field = id.map_or("area.code", |_| "area.id");
                    return Err(Refusal::exists("area", field).into());
                }
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
/// code and the boundary against the rest of the tree, which must be locked. `parent` is a
/// parent that isn't in the database.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `FIELD_INVALID`, `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`).
pub async fn check(
    tx: &mut Tx,
    scope: &RecordScope,
    area: &Area,
    parent: Option<ResolvedReference>,
) -> Result<(), Failure> {
    match &area.parent_code {
        Some(code) => {
            let found = store::find_areas(tx, scope, std::slice::from_ref(code)).await?;
            let found = found.into_iter().next().map(|(_, found)| found);
            let unknown = || Refusal::unknown_reference("area.parent_code", "area");
            area.check_parent(&parent.or(found).ok_or_else(unknown)?)?;
        }
        None if scope.covers(&area.code) => {}
        // Without a parent there is no reference whose lookup would enforce the scope.
        None => return Err(Refusal::unknown_reference("area.code", "area").into()),
    }
    // A duplicate of the code itself is reported by the insert.
    area_tree::check_code(tx, scope, area).await?;
    area_tree::check_within(tx, scope, area).await
}

/// Inserts an area, with the digest of the row that it is imported from, if any, and appends
/// its event. Returns false if its id or code is in use.
///
/// # Errors
/// Any database error.
pub async fn save(
    tx: &mut Tx,
    scope: &RecordScope,
    area: &Area,
    digest: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let is_new = store::insert_area(tx, scope, area, digest).await?;
    if is_new {
        let origin = match digest {
            Some(_) => Origin::import(now),
            None => Origin::call(now),
        };
        wangge_outbox::append(tx, &events::area_changed(area, origin)).await?;
    }
    Ok(is_new)
}
