//! Creates duty list entries.

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

/// Request field of the unit, for violations.
const UNIT_FIELD: &str = "responsibility.unit_id";

/// Creates a duty list entry and returns it; returns the existing one for a retried
/// request.
///
/// # Errors
/// Returns `REFERENCE_UNKNOWN`, `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`), `RECORD_EXISTS` or
/// `REQUEST_ID_REUSED`.
pub(crate) async fn create_responsibility(
    app: &App,
    key: RequestKey,
    scope: RecordScope,
    entry: Responsibility,
) -> Result<Responsibility, Refusal> {
    let now = app.clock.now();
    let (unit_id, today) = (entry.unit_id, day_of(now, DEFAULT_ZONE));
    let current =
        move |reference: &Reference| reference.require_current(unit_id, UNIT_FIELD, today);
    // A failed check may be due to a stale snapshot, which `knowing` then refreshes. The
    // check is repeated on the result to get the refusal.
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
            // After `claim`: a retry must succeed even if the unit has ended since.
            current(&reference)?;
            insert_responsibility(tx, &entry).await?;
            reference_changed(tx).await?;
            append(tx, &events::responsibility_changed(&entry, false, now)).await?;
            Ok(entry)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    // Before the response, so that the caller's next dispatch finds the entry.
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
    // One error for both, so that a caller can't find out which areas exist outside
    // its scope.
    if !scope.covers(&entry.area_code) || !reference.knows_area(&entry.area_code) {
        return Err(Refusal::unknown_reference(
            "responsibility.area_code",
            "area",
        ));
    }
    reference.require_unit(entry.unit_id, UNIT_FIELD)
}
