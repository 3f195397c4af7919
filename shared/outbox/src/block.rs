//! Times of the feed's blocks: when the events of each thousand positions were
//! recorded. Positions follow commits and not times, so these bounds are what finds a
//! position by time. It doesn't decide what a time means to a reader.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use wangge_pg::StoreError;

/// Number of events of a block.
const SIZE: i64 = 1000;
/// Maximum number of blocks that one search reads.
const SEARCHED: i64 = 10_000;

/// Stores the times of the next block if all of its events have positions. Returns
/// true if there may be another complete one.
///
/// # Errors
/// Returns the database's error.
pub(crate) async fn close_next(pool: &PgPool) -> Result<bool, StoreError> {
    let (closed, end): (i64, i64) = sqlx::query_as(
        "select (select coalesce(max(last_position), 0) from feed_block), last_position from feed",
    )
    .fetch_one(pool)
    .await?;
    if end < closed + SIZE {
        return Ok(false);
    }
    // `having`: the end can have moved back in between. `greatest` ignores the NULL
    // before the first block. A conflict is another replica that took over the lead.
    sqlx::query(
        "insert into feed_block (last_position, earliest_time, latest_time) \
         select $2, min(recorded_time), greatest(max(recorded_time), \
             (select latest_time from feed_block where last_position = $1)) \
         from outbox where position > $1 and position <= $2 having count(*) = $2 - $1 \
         on conflict on constraint feed_block_pkey do nothing",
    )
    .bind(closed)
    .bind(closed + SIZE)
    .execute(pool)
    .await?;
    Ok(end >= closed + 2 * SIZE)
}

/// Returns the last position up to which every event was recorded before `time`, as far
/// as the blocks tell: the end of a block, at most `end`.
pub(crate) async fn all_before(
    pool: &PgPool,
    time: DateTime<Utc>,
    end: i64,
) -> Result<i64, StoreError> {
    let position: Option<i64> = sqlx::query_scalar(
        "select last_position from feed_block where latest_time < $1 and last_position <= $2 \
         order by latest_time desc, last_position desc limit 1",
    )
    .bind(time)
    .bind(end)
    .fetch_optional(pool)
    .await?;
    Ok(position.unwrap_or_default())
}

/// Returns a position after `after` up to which no event was recorded before `time`, as
/// far as the blocks tell, or `after` itself.
pub(crate) async fn none_before(
    pool: &PgPool,
    time: DateTime<Utc>,
    after: i64,
) -> Result<i64, StoreError> {
    let position: Option<i64> = sqlx::query_scalar(
        "select coalesce(min(last_position) filter (where earliest_time < $1) - $3, \
             max(last_position)) \
         from (select last_position, earliest_time from feed_block where last_position > $2 \
             order by last_position limit $4) block",
    )
    .bind(time)
    .bind(after)
    .bind(SIZE)
    .bind(SEARCHED)
    .fetch_one(pool)
    .await?;
    Ok(position.unwrap_or_default().max(after))
}
