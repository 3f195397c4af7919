//! Changes a unit's name or end date.

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, request, transaction::Failure};
use wangge_record::etag;

use super::CallContext;
use crate::{
    App,
    domain::unit::{Unit, UnitChange},
    events::{self, Origin},
    store::unit as store,
};

/// Updates the unit with an id. A retried request returns the unit in its current
/// state.
///
/// # Errors
/// `FIELD_INVALID`, `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `REQUEST_ID_REUSED`,
/// `GUARD_FAILED` (`unit_not_current`).
pub async fn update_unit(
    app: &App,
    call: CallContext,
    id: Uuid,
    etag: String,
    change: UnitChange,
) -> Result<Unit, Refusal> {
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            let unit = store::lock_unit(tx, &call.scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found("unit", id))?;
            let revision = unit.revision + 1;
            if request::claim(tx, &call.key, id, revision, now)
                .await?
                .is_some()
            {
                return Ok(unit);
            }
            // Checked after the claim: a retry carries the etag from before its first attempt
            // and must still succeed.
            etag::check(&etag, "unit", unit.revision, &unit)?;
            let before = unit.end_date;
            let changed = unit.change(change)?;
            // A new name needs no parent, which may have ended since the unit was created.
            if changed.end_date != before {
                check_parent(tx, &call.scope, &changed).await?;
            }
            store::update_unit(tx, &call.scope, &changed).await?;
            let event = events::unit_changed(&changed, Origin::call(now));
            wangge_outbox::append(tx, &event).await?;
            Ok(changed)
        }
        .boxed()
    })
    .await
}

/// Checks that the parent exists for as long as a unit whose end date has changed, if
/// the parent is in the caller's scope.
async fn check_parent(tx: &mut Tx, scope: &RecordScope, unit: &Unit) -> Result<(), Failure> {
    let Some(parent) = unit.parent_id else {
        return Ok(());
    };
    if let Some(parent) = store::load_unit(tx, scope, parent.0).await? {
        let days = parent.days();
        days.require_around("unit", "parent_id", unit.days())?;
    }
    Ok(())
}
