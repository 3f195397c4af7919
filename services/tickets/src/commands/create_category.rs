//! Creates a category.

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

/// Checks that the caller has platform scope, since a category applies everywhere.
///
/// # Errors
/// `AREA_TOO_NARROW` on `field`.
pub(crate) fn guard_platform(is_of_the_platform: bool, field: &str) -> Result<(), Refusal> {
    let why = "a category holds for the whole platform: it takes a token whose area is empty";
    if is_of_the_platform {
        Ok(())
    } else {
        Err(Refusal::area_too_narrow(field, why))
    }
}

/// Creates a category and returns it.
///
/// # Errors
/// `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub(crate) async fn create_category(
    app: &App,
    key: RequestKey,
    category: Category,
) -> Result<Category, Refusal> {
    let now = app.clock.now();
    let category = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            // A concurrent duplicate of the request waits here until this transaction ends.
            if let Some(earlier) = claim(tx, &key, category.id, category.revision, now).await? {
                let earlier = load_category(tx, earlier).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("category", ""))?);
            }
            insert_category(tx, &category).await?;
            // In the same transaction, so a replica that sees the new version also sees the
            // category.
            reference_changed(tx).await?;
            append(tx, &events::category_changed(&category, false, now)).await?;
            Ok(category)
        }
        .boxed()
    })
    .await?;
    app.hint.committed();
    // This replica accepts reports of the category from now on. The others notice the
    // new version within a second.
    app.reference.refresh().await?;
    Ok(category)
}
