//! Reading a page of records as messages.

use prost::Message;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_resource_store::{Filter, Host, Kept};

use crate::page::Page;

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
