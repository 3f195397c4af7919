//! Reads single records. Lists are read in `listing`, and records that are about to
//! change in `write`.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;

use crate::{RecordContext, RecordTable};

/// Returns the record with an id.
///
/// # Errors
/// Returns `RECORD_NOT_FOUND` if there is none in the scope.
pub async fn get<H: RecordContext, R: RecordTable>(
    context: &H,
    scope: &RecordScope,
    id: Uuid,
) -> Result<R, Refusal> {
    R::load(&context.database().calls, scope, id)
        .await?
        .ok_or_else(|| Refusal::not_found(R::KIND, id))
}
