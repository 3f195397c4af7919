//! What the methods of a feed read of its 200,000 events, from the beginning, at a time and
//! after a token.

use serde_json::{Value, json};
use sqlx::PgPool;
use wangge_api::date::timestamp;
use wangge_tests::{Service, World, until};

use super::{MOST, PAGE, read_at_most, rows};

const SUBSCRIBE: &str = "/wangge.events.v1.FeedService/Subscribe";
const LIST: &str = "/wangge.events.v1.FeedService/ListEvents";

/// Number of events that are added to the city's own.
const EVENTS: i64 = 200_000;

/// Maximum number of rows read by a request that leaves out most events: those of a range
/// of the feed, however long that is, and what leads to it.
const RANGE: f64 = 20_000.0 + MOST;

/// Returns what reads too much.
pub(super) async fn faults(world: &World) -> Vec<String> {
    let pool = &world.databases.of(Service::Organization).background;
    fill(pool).await;
    let mut faults = Vec::new();
    for (path, request, most) in requests(pool).await {
        let callers = [("", most), (rows::ELSEWHERE, RANGE)];
        if let Err(fault) = read_at_most(world, path, request.clone(), callers).await {
            faults.push(format!("{path} {request}: {fault}"));
        }
    }
    faults
}

/// Returns requests with the number of rows that a caller who sees everything may read.
async fn requests(pool: &PgPool) -> Vec<(&'static str, Value, f64)> {
    let mut requests = Vec::new();
    let mut list = |mut request: Value, most: f64| {
        request["page_size"] = json!(PAGE);
        requests.push((LIST, request, most));
    };
    let mut times = Vec::new();
    for position in [0, EVENTS / 2, EVENTS] {
        times.push(time(pool, position).await);
    }
    list(json!({}), MOST);
    for time in &times {
        list(json!({"start_time": time}), MOST);
        list(json!({"end_time": time}), MOST);
        list(json!({"start_time": time, "kinds": ["seat"]}), RANGE);
    }
    list(json!({"start_time": times[0], "end_time": times[1]}), MOST);
    list(json!({"start_time": times[1], "end_time": times[2]}), MOST);
    list(json!({"kinds": ["seat"]}), RANGE);
    for area in [rows::SMALL_GRID, rows::COMMUNITY, rows::UNKNOWN] {
        list(json!({"area_code": area}), RANGE);
    }
    // Streams that begin at the end.
    requests.push((SUBSCRIBE, json!({"from_now": true}), MOST));
    let later = "9999-01-01T00:00:00Z";
    requests.push((SUBSCRIBE, json!({"start_time": later}), MOST));
    requests
}

/// Returns when the event of a position was recorded.
async fn time(pool: &PgPool, position: i64) -> Value {
    let time: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(
        "select recorded_time from outbox where position > $1 order by position limit 1",
    )
    .bind(position)
    .fetch_one(pool)
    .await
    .expect("an event");
    json!(timestamp(time).to_string())
}

/// Appends events of many areas to the feed, a minute apart, and waits for its blocks.
async fn fill(pool: &PgPool) {
    let code = "'99010' || (1 + n % 2) || lpad((1 + n % 5)::text, 3, '0') \
                || lpad((1 + n % 11)::text, 3, '0') || lpad((1 + n % 7)::text, 3, '0')";
    let fill = format!(
        "with start as (select last_position from feed), events as (
             insert into outbox (position, event_id, record_id, revision, area_code, occurred_time,
                 recorded_time, imported, traceparent, payload, kind)
             select last_position + n, gen_random_uuid(), gen_random_uuid(), 1,
                 case when n % 40000 = 17 then '{}' else {code} end, now(),
                 now() + n * interval '1 min', false, '', '',
                 case when n % 50000 = 7 then 'seat' else 'estate' end
             from start, generate_series(1, {EVENTS}) n
         )
         update feed set last_position = last_position + {EVENTS}",
        rows::SMALL_GRID,
    );
    for statement in [&fill, "vacuum analyze outbox", "vacuum analyze feed"] {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(pool)
            .await
            .expect("events");
    }
    until(|| async {
        let blocks: i64 = sqlx::query_scalar("select count(*) from feed_block")
            .fetch_one(pool)
            .await
            .expect("a count");
        (blocks >= EVENTS / 1000).then_some(())
    })
    .await;
}
