//! Reading one record, and reading a page of them.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;

use crate::{Filter, Host, Kept, page::Page};

/// The record with an id.
///
/// # Errors
/// `RECORD_NOT_FOUND`.
pub async fn get<H: Host, R: Kept>(host: &H, scope: &RecordScope, id: Uuid) -> Result<R, Refusal> {
    R::load(&host.database().calls, scope, id)
        .await?
        .ok_or_else(|| Refusal::not_found(R::KIND, id))
}

/// A page of records, the one entered last first, and the token behind it.
///
/// # Errors
/// What the database says.
pub async fn list<H: Host, R: Kept>(
    host: &H,
    scope: &RecordScope,
    filter: Filter,
    page: Page,
) -> Result<(Vec<R>, String), Refusal> {
    let filter = Filter {
        before: page.before,
        limit: page.limit(),
        ..filter
    };
    let found = R::list(&host.database().calls, scope, filter).await?;
    Ok(page.close(found))
}
