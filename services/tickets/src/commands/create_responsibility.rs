//! Enters a unit in the duty list.

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

/// The field that names the unit.
const UNIT_FIELD: &str = "responsibility.unit_id";

/// Makes an entry of the duty list and answers it.
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
            current(&reference)?;
            insert_responsibility(tx, &entry).await?;
            reference_changed(tx).await?;
            append(tx, &events::responsibility_changed(&entry, false, now)).await?;
            Ok(entry)
        }
        .boxed()
    })
    .await?;
    app.hint.committed();
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
    if !scope.covers(&entry.area_code) || !reference.knows_area(&entry.area_code) {
        return Err(Refusal::unknown_reference(
            "responsibility.area_code",
            "area",
        ));
    }
    reference.demand_unit(entry.unit_id, UNIT_FIELD)
}
