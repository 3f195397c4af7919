//! Read queries for the wall of an area at a moment.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::StoreError;

use crate::wall::{Grid, Matter, Reply};

/// Time for which a matter is shown after its decision.
const DECIDED: TimeDelta = TimeDelta::days(7);
/// Time for which a message is shown after it was sent, once it has a reply.
const SENT: TimeDelta = TimeDelta::hours(48);
/// Maximum number of rows of each list.
const MATTERS: i64 = 200;
const REPLIES: i64 = 100;

/// Returns the livelihood matters that are open or were decided recently, the most urgent first.
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
        // The post of the handler is that of the moment's day, so past walls show it as it was.
        day_of(at, DEFAULT_ZONE),
        at - DECIDED,
        MATTERS,
    )
    .fetch_all(pool)
    .await?)
}

/// Returns the messages without a reply, the most urgent first, then those with a recent reply,
/// the latest first.
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

/// Returns the grids with their counts. Residents in need are counted like the figure: by tags
/// that hold, of residents who live there on the day.
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

/// Returns the name of an area.
pub(crate) async fn area_name(pool: &PgPool, code: &str) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar!("select name from area where code = $1", code)
            .fetch_optional(pool)
            .await?,
    )
}
