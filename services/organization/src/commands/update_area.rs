//! Changes an area's name, boundary or end date.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::request;
use wangge_record::etag;

use super::{CallContext, area_tree};
use crate::{
    App,
    domain::area::{Area, AreaChange},
    events::{self, Origin},
    store::{area as store, area_tree::lock_tree},
};

/// Updates the area with a code. A retried request returns the area in its current
/// state.
///
/// # Errors
/// `FIELD_INVALID`, `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `REQUEST_ID_REUSED`.
pub async fn update_area(
    app: &App,
    call: CallContext,
    code: String,
    etag: String,
    change: AreaChange,
) -> Result<Area, Refusal> {
    // Before anything is locked, since validating a large boundary takes time.
    change.check()?;
    let now = app.clock.now();
    let today = day_of(now, DEFAULT_ZONE);
    let changed = app
        .change(move |tx| {
            async move {
                let bounds = change.boundary_geojson.is_some();
                // Other changes don't depend on the rest of the tree and needn't wait for it.
                if bounds {
                    lock_tree(tx).await?;
                }
                let area = store::lock_area(tx, &call.scope, &code)
                    .await?
                    .ok_or_else(|| Refusal::not_found("area", &code))?;
                let revision = area.revision + 1;
                if request::claim(tx, &call.key, area.id, revision, now)
                    .await?
                    .is_some()
                {
                    return Ok(area);
                }
                // Checked after the claim: a retry carries the etag from before its first attempt
                // and must still succeed.
                etag::check(&etag, "area", area.revision, &area)?;
                let changed = area.change(change, now)?;
                if bounds {
                    area_tree::check_within(tx, &call.scope, &changed).await?;
                    area_tree::check_around(tx, &call.scope, &changed, today).await?;
                }
                store::update_area(tx, &call.scope, &changed).await?;
                let event = events::area_changed(&changed, Origin::call(now));
                wangge_outbox::append(tx, &event).await?;
                Ok(changed)
            }
            .boxed()
        })
        .await?;
    // After the commit, or a rebuild of the index could miss the change.
    app.places.changed();
    Ok(changed)
}
