//! Finds positions of the feed by the time at which events were recorded. It reads
//! bounded ranges, and the result is exact however far times and positions disagree.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::StoreError;

use super::step::STRETCH;
use crate::{block, position::Position};

/// Returns the position before the first event that was recorded at `time` or later;
/// `end` if there is none up to it.
///
/// # Errors
/// Returns the errors of [`at`].
pub(super) async fn before(
    pool: &PgPool,
    feed_id: Uuid,
    time: DateTime<Utc>,
    end: i64,
) -> Result<Position, Refusal> {
    let mut from = block::all_before(pool, time, end).await?;
    // Usually one range, of about a block. There are more only while the blocks of a
    // history from before they were introduced are still being closed.
    while from < end {
        let until = end.min(from.saturating_add(STRETCH));
        let first: Option<i64> = sqlx::query_scalar(
            "select position from outbox where position > $1 and position <= $2 \
             and recorded_time >= $3 order by position limit 1",
        )
        .bind(from)
        .bind(until)
        .bind(time)
        .fetch_optional(pool)
        .await
        .map_err(StoreError::from)?;
        if let Some(first) = first {
            return at(pool, feed_id, first - 1).await;
        }
        from = until;
    }
    at(pool, feed_id, end).await
}

/// Returns the position after the feed's event of a number; the beginning for 0.
///
/// # Errors
/// Returns `CONCURRENT_CHANGE` if there is no such event any more: the feed's database is
/// being replaced by an older one. Returns the database's error.
pub(super) async fn at(pool: &PgPool, feed_id: Uuid, number: i64) -> Result<Position, Refusal> {
    if number == 0 {
        return Ok(Position::beginning(feed_id));
    }
    let event_id: Option<Uuid> =
        sqlx::query_scalar("select event_id from outbox where position = $1")
            .bind(number)
            .fetch_optional(pool)
            .await
            .map_err(StoreError::from)?;
    let event_id = event_id.ok_or_else(|| Refusal::concurrent_change("feed"))?;
    Ok(Position::behind(feed_id, number, event_id))
}
