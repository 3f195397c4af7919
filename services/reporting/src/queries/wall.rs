//! What stands on the wall of an area at a moment.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::StoreError;

use crate::wall::{Grid, Matter, REPLY_WITHIN, Reply};

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
    Ok(sqlx::query_as!(
        Matter,
        // Each matter is looked at, and few are told: the rest of what is told of
        // those is fetched last.
        "with stands as materialized ( \
             select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times, \
                 state_by(states, reached_times, $3) as state \
             from fact where service = 'tickets' and kind = 'livelihood_matter' \
                 and area_code >= $1 and area_code < $2 \
         ), dated as ( \
             select stands.*, state in ('refused', 'paid_or_delivered', 'withdrawn') as is_over, \
                 case when states && array['approved', 'refused', 'withdrawn'] then ( \
                     select min(reached_time) from unnest(states, reached_times) as reached (state, reached_time) \
                     where reached_time < $3 and state in ('approved', 'refused', 'withdrawn') \
                 ) end as decided_time \
             from stands where state is not null \
         ), matter as ( \
             select *, count(*) filter (where not is_over) over () as open_count, \
                 count(*) filter (where not is_over and decided_time is null and due_time < $3) over () as overdue_count \
             from dated where not is_over \
                 or (select max(reached_time) from unnest(reached_times) as reached (reached_time) \
                     where reached_time < $3) > $5 \
             order by is_over, decided_time is not null, due_time, record_id limit $6 \
         ) \
         select matter.record_id as \"id!\", coalesce(item.title, '') as \"title!\", \
             coalesce(area.name, '') as \"area_name!\", state as \"state!\", \
             (select max(reached_time) from unnest(matter.reached_times) as reached (reached_time) \
                 where reached_time < $3) as \"state_time!\", \
             held.post as \"handler_post?\", matter.created_time as \"received_time!\", \
             matter.due_time as \"due_time!\", decided_time as \"decided_time?\", \
             open_count as \"open_count!\", overdue_count as \"overdue_count!\" \
         from matter \
         left join fact item on item.record_id = matter.parent_id \
             and item.service = 'tickets' and item.kind = 'livelihood_item' \
         left join area on area.code = matter.area_code \
         left join lateral (select post from post_held where person_id = matter.subject_id \
             and start_date <= $4 and (end_date is null or end_date > $4) order by post limit 1) held on true \
         order by is_over, decided_time is not null, matter.due_time, matter.record_id",
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
    Ok(sqlx::query_as!(
        Reply,
        "with message as ( \
             select fact.*, state_by(states, reached_times, $3) as state from fact \
             where service = 'tickets' and kind = 'group_message' and area_code >= $1 and area_code < $2 \
         ), shown as ( \
             select *, state = 'replied' as is_replied, \
                 count(*) filter (where state <> 'replied') over () as waiting_count, \
                 count(*) filter (where state <> 'replied' and due_time < $3) over () as overdue_count \
             from message where state is not null and state <> 'dismissed' and due_time is not null \
                 and (state <> 'replied' or due_time > $5) \
             order by is_replied, case when state = 'replied' then null else due_time end, due_time desc, \
                 record_id limit $6 \
         ) \
         select message.record_id as \"id!\", coalesce(chat.title, '') as \"title!\", \
             message.state as \"state!\", \
             (select max(reached_time) from unnest(message.reached_times) as reached (reached_time) \
                 where reached_time < $3) as \"state_time!\", \
             held.post as \"handler_post?\", message.due_time as \"due_time!\", \
             waiting_count as \"waiting_count!\", overdue_count as \"overdue_count!\" \
         from shown message \
         left join fact chat on chat.record_id = message.parent_id \
             and chat.service = 'tickets' and chat.kind = 'chat_group' \
         left join lateral (select post from post_held where person_id = message.subject_id \
             and start_date <= $4 and (end_date is null or end_date > $4) order by post limit 1) held on true \
         order by is_replied, case when is_replied then null else message.due_time end, \
             message.due_time desc, message.record_id",
        scope.area_from(),
        scope.area_until(),
        at,
        day_of(at, DEFAULT_ZONE),
        // A message is due an hour after it was sent.
        at - SENT + REPLY_WITHIN,
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
    Ok(sqlx::query_as!(
        Grid,
        "with need as (select area_code, count(distinct subject_id) as needs \
             from fact_held where service = 'organization' and kind = 'need_tag' \
             and area_code >= $1 and area_code < $2 \
             and start_date <= $4 and (end_date is null or end_date > $4) group by area_code), \
         counted as (select area_code, \
             count(*) filter (where kind = 'livelihood_matter' and state_by(states, reached_times, $3) \
                 not in ('refused', 'paid_or_delivered', 'withdrawn')) as matters, \
             count(*) filter (where kind = 'wish' and state_by(states, reached_times, $3) = 'reviewed') as wishes \
             from fact where kind in ('livelihood_matter', 'wish') \
             and area_code >= $1 and area_code < $2 group by area_code) \
         select code as \"area_code!\", name as \"name!\", boundary_geojson as \"boundary_geojson!\", \
             coalesce(needs, 0)::int as \"resident_in_need_count?\", \
             coalesce(matters, 0)::int as \"open_matter_count!\", coalesce(wishes, 0)::int as \"open_wish_count!\" \
         from area left join counted on counted.area_code = code left join need on need.area_code = code \
         where kind = 4 and code >= $1 and code < $2 \
             and start_date <= $4 and (end_date is null or end_date > $4) order by code",
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
