//! Reading one record.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;

use crate::{Host, Kept};

/// The record with an id.
///
/// # Errors
/// `RECORD_NOT_FOUND`.
pub async fn get<H: Host, R: Kept>(host: &H, scope: &RecordScope, id: Uuid) -> Result<R, Refusal> {
    R::load(&host.database().calls, scope, id)
        .await?
        .ok_or_else(|| Refusal::not_found(R::KIND, id))
}
