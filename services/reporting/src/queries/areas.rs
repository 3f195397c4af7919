//! Read queries on areas.

use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

/// Returns true if an area exists in the caller's scope.
pub(crate) async fn area_exists(
    pool: &PgPool,
    code: &str,
    scope: &RecordScope,
) -> Result<bool, StoreError> {
    Ok(scope.covers(code)
        && sqlx::query_scalar!(
            r#"select exists (select from area where code = $1) as "exists!""#,
            code
        )
        .fetch_one(pool)
        .await?)
}
