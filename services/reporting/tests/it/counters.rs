//! Daily counters are equal to counting record by record, whatever was inserted, updated and
//! deleted in between.

use sqlx::PgPool;
use wangge_api::{organization::v1::FigurePeriod, reporting::v1::GetCaseTableRequest};

use crate::{Bench, COMMUNITY, DISTRICT, GRID, NEIGHBOUR, date};

// Figures that count what happened, one for each way of counting.
const WISHES: &str = "wishes_confirmed";
const PERSON_TIMES: &str = "event_person_times";
const MINUTES: &str = "certified_minutes";
const MESSAGES: &str = "group_messages";
const VISITS: &str = "station_visits";

/// Inserts facts that vary in every relevant way in their days, states and amounts: steps
/// out of order, on one day, before the record began, states left and entered again.
async fn enter(pool: &PgPool, from: i32, until: i32) {
    let insert = "insert into fact (record_id, service, kind, area_code, code, amount, start_date, \
        created_time, changed_time, states, reached_times) \
        select gen_random_uuid(), service, kind, (array['320402003005', '320402003005001', '320402003006'])[1 + n % 3], \
            code, n % 4, case when n % 11 > 0 then date '2020-12-25' + n * 7 % 400 end, now(), now(), \
            states[1 : n % (cardinality(states) + 1)], \
            array(select timestamptz '2020-12-20 15:59Z' + step * (n % 5 - 1) * interval '9 days' \
                + n % 3 * interval '2 minutes' + n * 7 % 400 * interval '1 day' \
                from generate_series(1, n % (cardinality(states) + 1)) step) \
        from generate_series($1, $2) n, (values \
            ('volunteers', 'wish', '', array['posted', 'confirmed', 'claimed', 'confirmed']), \
            ('volunteers', 'service_record', 'event', array['recorded', 'voided']), \
            ('volunteers', 'shift', '', array['open', 'certified', 'open', 'certified', 'signed_in']), \
            ('volunteers', 'station_visit', '', array[]::text[]), \
            ('tickets', 'group_message', 'in_time', array['received', 'dismissed', 'claimed'])) \
            as kinds (service, kind, code, states)";
    let inserted = sqlx::query(insert).bind(from).bind(until);
    inserted.execute(pool).await.unwrap();
}

/// Returns the same figures, counted record by record.
async fn recount(pool: &PgPool, key: &str, area: &str, from: Option<&str>, day: &str) -> i64 {
    let begun = |kind: &str, states: &str, amount: &str| {
        format!(
            "select coalesce(sum({amount}), 0)::bigint from fact where kind = '{kind}' \
             and area_code like $1 || '%' and start_date between coalesce($2::date, '-infinity') and $3::date \
             and ({states} or coalesce((select state from unnest(states, reached_times) with ordinality \
                 as step (state, reached_time, number) \
                 where (reached_time at time zone 'Asia/Shanghai')::date <= $3::date \
                 order by number desc limit 1), states[1]) = any($4::text[]))"
        )
    };
    let (sql, states): (String, &[&str]) = match key {
        WISHES => (
            "select count(*) from fact where kind = 'wish' and area_code like $1 || '%' \
             and exists (select from unnest(states, reached_times) as step (state, reached_time) \
                 where state = any($4::text[]) and (reached_time at time zone 'Asia/Shanghai')::date \
                     between coalesce($2::date, '-infinity') and $3::date)"
                .to_owned(),
            &["confirmed"],
        ),
        PERSON_TIMES => (begun("service_record", "false", "1"), &["recorded"]),
        MINUTES => (begun("shift", "false", "amount"), &["certified"]),
        MESSAGES => (
            begun("group_message", "false", "1"),
            &["received", "claimed", "replied"],
        ),
        _ => (begun("station_visit", "true", "amount"), &[]),
    };
    let states: Vec<String> = states.iter().map(ToString::to_string).collect();
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(area)
        .bind(from)
        .bind(day)
        .bind(states)
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn compare(bench: &Bench) -> i64 {
    let pool = &bench.database.calls;
    let mut seen = 0;
    for (period, day, from) in [
        (FigurePeriod::SinceRecordsBegan, "2021-06-30", None),
        (FigurePeriod::SinceRecordsBegan, "2020-12-31", None),
        (FigurePeriod::YearToDate, "2021-06-30", Some("2021-01-01")),
        (FigurePeriod::YearToDate, "2022-02-01", Some("2022-01-01")),
        (FigurePeriod::PerYear, "2021-12-30", Some("2020-12-31")),
    ] {
        for area in [DISTRICT, COMMUNITY, GRID, NEIGHBOUR] {
            let request = GetCaseTableRequest {
                area_code: area.to_owned(),
                as_of_date: date(day),
                period: period.into(),
                ..GetCaseTableRequest::default()
            };
            let table = bench.leader().get_case_table(request).await.unwrap();
            for line in table.into_inner().lines {
                let key = line.figure_key.as_str();
                if ![WISHES, PERSON_TIMES, MINUTES, MESSAGES, VISITS].contains(&key) {
                    continue;
                }
                let plain = recount(pool, key, area, from, day).await;
                assert_eq!(line.computed_value, plain, "{key} {area} {period:?} {day}");
                seen += plain;
            }
        }
    }
    seen
}

#[tokio::test]
async fn counters_come_to_what_a_plain_recount_comes_to() {
    let bench = Bench::start().await;
    let pool = &bench.database.calls;
    enter(pool, 1, 300).await;
    assert!(compare(&bench).await > 0);
    for change in [
        // A record moves, changes its code or amount, enters states, loses its day.
        "update fact set area_code = '320402003005001' where start_date < '2021-03-01' and area_code = '320402003006'",
        "update fact set amount = 3 - amount, start_date = start_date + 40 where start_date > '2021-06-01'",
        "update fact set states = states || 'confirmed'::text, reached_times = reached_times || now() where kind = 'wish'",
        "update fact set start_date = null where start_date between '2021-04-01' and '2021-04-10'",
        "update fact set changed_time = now()",
        "delete from fact where start_date between '2021-05-01' and '2021-05-20'",
    ] {
        sqlx::query(change).execute(pool).await.unwrap();
        compare(&bench).await;
    }
    enter(pool, 301, 330).await;
    assert!(compare(&bench).await > 0);
    sqlx::query("truncate fact").execute(pool).await.unwrap();
    assert_eq!(compare(&bench).await, 0);
    let left: i64 =
        sqlx::query_scalar("select coalesce(sum(abs(records)), 0)::bigint from fact_count")
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!(left, 0);
}
