//! Positions up to which the feeds have been applied, and lookups of single records.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_pg::StoreError;

/// The position up to which a feed has been applied.
#[derive(Debug)]
pub(crate) struct FeedPosition {
    pub service: String,
    pub token: String,
    pub applied_time: Option<DateTime<Utc>>,
    pub set_aside: i64,
}

/// Returns the positions of all feeds that have sent anything yet.
pub(crate) async fn list_positions(pool: &PgPool) -> Result<Vec<FeedPosition>, StoreError> {
    Ok(sqlx::query_as!(
        FeedPosition,
        r#"select service,
               case when left(marked_token, 32) = token then marked_token else token end as "token!",
               applied_time,
           (select count(*) from set_aside_event s where s.service = feed_position.service)
               as "set_aside!"
           from feed_position order by service"#
    )
    .fetch_all(pool)
    .await?)
}

/// Returns true if every record has been applied in at least the given revision.
pub(crate) async fn have_been_applied(
    pool: &PgPool,
    records: &[Uuid],
    revisions: &[i64],
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select not exists (
               select from unnest($1::uuid[], $2::bigint[]) as wanted (record_id, revision)
               where not exists (
                   select from applied_record applied
                   where applied.record_id = wanted.record_id
                     and applied.revision >= wanted.revision
               )
           ) as "applied!""#,
        records,
        revisions
    )
    .fetch_one(pool)
    .await?)
}
