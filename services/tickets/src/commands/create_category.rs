//! Creates categories.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_outbox::append;
use wangge_pg::{
    request::{RequestKey, claim},
    transact,
};

use crate::{
    App,
    domain::category::Category,
    error::CONSTRAINTS,
    events,
    store::category::{insert_category, load_category, reference_changed},
};

/// Checks that the caller's area is the whole platform, since a category applies to all
/// of it.
///
/// # Errors
/// Returns `AREA_TOO_NARROW` on `field`.
pub(crate) fn guard_platform(is_of_the_platform: bool, field: &str) -> Result<(), Refusal> {
    let why = "a category applies to the whole platform: it requires a token whose area is empty";
    if is_of_the_platform {
        Ok(())
    } else {
        Err(Refusal::area_too_narrow(field, why))
    }
}

/// Creates a category and returns it; returns the existing one for a retried request.
///
/// # Errors
/// Returns `RECORD_EXISTS` if its id or code is in use, or `REQUEST_ID_REUSED`.
pub(crate) async fn create_category(
    app: &App,
    key: RequestKey,
    category: Category,
) -> Result<Category, Refusal> {
    let now = app.clock.now();
    let category = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            // Before the insert, which a retry would fail with `RECORD_EXISTS`.
            if let Some(earlier) = claim(tx, &key, category.id, category.revision, now).await? {
                let earlier = load_category(tx, earlier).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("category", ""))?);
            }
            insert_category(tx, &category).await?;
            // In the transaction of the insert: a replica that reads the new version also
            // reads the new row.
            reference_changed(tx).await?;
            append(tx, &events::category_changed(&category, false, now)).await?;
            Ok(category)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    // Before the response, so that the caller can use the category in its next call.
    app.reference.refresh().await?;
    Ok(category)
}
