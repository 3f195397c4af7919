//! Statements on wishes.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_pg::StoreError;

/// Returns wishes whose claim is overdue, the longest overdue first.
pub(crate) async fn overdue_claims(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    // State 3 is `Claimed`. Not locked here: each one is checked again under its row lock.
    Ok(sqlx::query_scalar!(
        "select id from wish where state = 3 and claim_until_time <= $1 \
         order by claim_until_time limit $2",
        now,
        limit,
    )
    .fetch_all(pool)
    .await?)
}
