//! Statements on wishes.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_pg::StoreError;

/// Returns the wishes whose claim has expired, the earliest expiry first.
pub(crate) async fn overdue_claims(
    pool: &PgPool,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    // The state is a literal, not a parameter, so that the planner can use the partial
    // index `wish_claim_until`. Nothing is locked: each wish is locked and checked again
    // when its claim is ended.
    Ok(sqlx::query_scalar!(
        "select id from wish where state = 3 and claim_until_time <= $1 \
         order by claim_until_time limit $2",
        now,
        limit,
    )
    .fetch_all(pool)
    .await?)
}
