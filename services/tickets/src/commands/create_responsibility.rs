//! Adds an entry to the duty list.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_outbox::append;
use wangge_pg::{
    request::{RequestKey, claim},
    transact,
};

use crate::{
    App,
    domain::category::Responsibility,
    error::CONSTRAINTS,
    events,
    reference::Reference,
    store::category::{insert_responsibility, load_responsibility, reference_changed},
};

/// Request field that names the unit.
const UNIT_FIELD: &str = "responsibility.unit_id";

/// Creates an entry of the duty list and returns it.
///
/// # Errors
/// `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`unit_not_current`), `RECORD_EXISTS`,
/// `REQUEST_ID_REUSED`.
pub(crate) async fn create_responsibility(
    app: &App,
    key: RequestKey,
    scope: RecordScope,
    entry: Responsibility,
) -> Result<Responsibility, Refusal> {
    let now = app.clock.now();
    let (unit_id, today) = (entry.unit_id, day_of(now, DEFAULT_ZONE));
    let current = move |reference: &Reference| reference.demand_current(unit_id, UNIT_FIELD, today);
    // The snapshot is refreshed once on a miss: another replica may just have stored the
    // category, or the feed the area or the unit.
    let reference = app
        .reference
        .knowing(|reference| {
            check_references(reference, &entry, &scope).is_ok() && current(reference).is_ok()
        })
        .await?;
    check_references(&reference, &entry, &scope)?;
    let entry = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            if let Some(earlier) = claim(tx, &key, entry.id, entry.revision, now).await? {
                let earlier = load_responsibility(tx, earlier, &scope).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("responsibility", ""))?);
            }
            // Not checked for an idempotent replay: the unit may have ended since the first
            // call, which stays valid.
            current(&reference)?;
            insert_responsibility(tx, &entry).await?;
            // In the same transaction, so a replica that sees the new version also sees the
            // entry.
            reference_changed(tx).await?;
            append(tx, &events::responsibility_changed(&entry, false, now)).await?;
            Ok(entry)
        }
        .boxed()
    })
    .await?;
    app.hint.committed();
    // Routing on this replica uses the entry from now on. The others notice the new
    // version within a second.
    app.reference.refresh().await?;
    Ok(entry)
}

fn check_references(
    reference: &Reference,
    entry: &Responsibility,
    scope: &RecordScope,
) -> Result<(), Refusal> {
    if reference.category_limit(&entry.category_code).is_none() {
        return Err(Refusal::unknown_reference(
            "responsibility.category_code",
            "category",
        ));
    }
    // An area outside the scope reads the same as one that doesn't exist, so a caller
    // can't probe for codes.
    if !scope.covers(&entry.area_code) || !reference.knows_area(&entry.area_code) {
        return Err(Refusal::unknown_reference(
            "responsibility.area_code",
            "area",
        ));
    }
    reference.demand_unit(entry.unit_id, UNIT_FIELD)
}
