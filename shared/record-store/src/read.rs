//! Reads single records. Lists are read in `listing`, and records that are about to
//! change in `write`.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_pg::StoreError;

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
    let pool = &context.database().calls;
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    R::load(&mut connection, scope, id)
        .await?
        .ok_or_else(|| Refusal::not_found(R::KIND, id))
}
