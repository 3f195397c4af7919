//! Reads pages of records as messages. It doesn't read requests: see `service`.

use prost::Message;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_record_store::{Filter, RecordContext, RecordTable};

use crate::page::Page;

/// Returns a page of records as messages, the newest first, and the token of the next
/// page, which is empty if there is none. `filter` needs neither key nor limit: the
/// page sets both.
///
/// # Errors
/// Returns the database's error.
pub async fn list<H: RecordContext, R: RecordTable, M: Message>(
    context: &H,
    scope: &RecordScope,
    filter: Filter,
    mut page: Page<M>,
    message: impl Fn(R) -> M,
) -> Result<(Vec<M>, String), Refusal> {
    page.require_key_of(&R::LISTING)?;
    // In chunks: the size of a message is known only after its record was read.
    while let Some((behind, limit)) = page.wanted() {
        let filter = Filter {
            behind: behind.map(<[String]>::to_vec),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            ..filter.clone()
        };
        let found = R::LISTING
            .records(&context.database().list_lanes, scope, &filter)
            .await?;
        page.fill(found, &message);
    }
    Ok(page.close())
}
