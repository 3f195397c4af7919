//! What stands on the wall of an area at a moment.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::StoreError;

use crate::wall::{Grid, Matter, Reply};

/// How long a matter stays after its decision.
const DECIDED: TimeDelta = TimeDelta::days(7);
/// How long a message stays that was replied to.
const SENT: TimeDelta = TimeDelta::hours(48);
/// How many rows there are at most.
const MATTERS: i64 = 200;
const REPLIES: i64 = 100;

/// Livelihood matters that are open or were decided a short while ago, the most
/// urgent first.
pub(crate) async fn matters(
    pool: &PgPool,
    scope: &RecordScope,
    at: DateTime<Utc>,
) -> Result<Vec<Matter>, StoreError> {
    Ok(sqlx::query_file_as!(
        Matter,
        "src/queries/wall/matters.sql",
        scope.area_from(),
        scope.area_until(),
        at,
        day_of(at, DEFAULT_ZONE),
        at - DECIDED,
        MATTERS,
    )
    .fetch_all(pool)
    .await?)
}

/// Messages without a reply, the most urgent first, and then those that were
/// replied to of late, the latest first.
pub(crate) async fn replies(
    pool: &PgPool,
    scope: &RecordScope,
    at: DateTime<Utc>,
) -> Result<Vec<Reply>, StoreError> {
    Ok(sqlx::query_file_as!(
        Reply,
        "src/queries/wall/replies.sql",
        scope.area_from(),
        scope.area_until(),
        at,
        day_of(at, DEFAULT_ZONE),
        at - SENT,
        REPLIES,
    )
    .fetch_all(pool)
    .await?)
}

/// The grids with their counts. Who is in need is counted as by the figure: by the
/// tags that hold, of residents who are there.
pub(crate) async fn grids(
    pool: &PgPool,
    scope: &RecordScope,
    at: DateTime<Utc>,
) -> Result<Vec<Grid>, StoreError> {
    Ok(sqlx::query_file_as!(
        Grid,
        "src/queries/wall/grids.sql",
        scope.area_from(),
        scope.area_until(),
        at,
        day_of(at, DEFAULT_ZONE),
    )
    .fetch_all(pool)
    .await?)
}

/// The name of an area.
pub(crate) async fn area_name(pool: &PgPool, code: &str) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar!("select name from area where code = $1", code)
            .fetch_optional(pool)
            .await?,
    )
}
