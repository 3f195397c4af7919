//! Reading one record, and reading a page of them.

use prost::Message;
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

/// Returns a page of records as messages, the one entered last first, and the token
/// behind it.
///
/// # Errors
/// What the database says.
pub async fn list<H: Host, R: Kept, M: Message>(
    host: &H,
    scope: &RecordScope,
    filter: Filter,
    mut page: Page<M>,
    message: impl Fn(R) -> M,
) -> Result<(Vec<M>, String), Refusal> {
    while let Some((behind, limit)) = page.wanted() {
        let filter = Filter {
            behind: behind.map(|entry| vec![entry.to_string()]),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            ..filter.clone()
        };
        let found = R::LISTING
            .records(&host.database().list_lanes, scope, &filter)
            .await?;
        page.fill(found, &message);
    }
    Ok(page.close())
}
