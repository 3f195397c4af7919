//! Query plans of lists: the cost depends on the page size and not on the size of the city.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    tickets::v1::{ListTicketsRequest, TicketState},
};
use wangge_kernel::area_code::upper_bound;

use crate::{Bench, Tickets};

const PAGE: i64 = 50;
/// Departments with few orders and with many.
const FEW: Uuid = Uuid::from_u128(0xf1);
const MANY: Uuid = Uuid::from_u128(0xf2);
const DISTRICT: &str = "990102";
const STREET: &str = "990102004";
const COMMUNITY: &str = "990102002007";
const SMALL_GRID: &str = "990102001001009";
const UNKNOWN: &str = "990103";

/// Fills a city with 200,000 tickets, most of them closed; a small grid of five, a rare
/// state, and units with few and with many orders.
async fn fill(bench: &Bench) {
    let pool = &bench.database.background;
    for statement in [
        "insert into ticket (id, source, category_code, title, description, address, area_code, routed, \
             state, reported_time, rework_count, escalation_level, clocks, imported, revision, reporter) \
         select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 2, '0105', 't', '', '', \
             case when n % 40000 = 17 then '990102001001009' \
                  else '99010' || (1 + n % 2) || lpad((1 + n % 5)::text, 3, '0') \
                      || lpad((1 + n % 11)::text, 3, '0') || lpad((1 + n % 7)::text, 3, '0') end, \
             n % 1000 <> 3, \
             case when n % 50000 = 7 then 9 when n % 100 = 1 then 3 else 8 end, \
             timestamptz '2020-01-01' + n / 3 * interval '1 minute', 0, 0, '[]', false, 1, '' \
         from generate_series(1, 200000) n",
        "insert into ticket_order (id, ticket_id, place, unit_id, role, state, issued_time, result) \
         select gen_random_uuid(), id, 1, '00000000-0000-0000-0000-0000000000f2', 1, \
             case when n % 5 = 0 then 6 else 5 end, reported_time, '' \
         from (select id, reported_time, row_number() over (order by id) n from ticket) t where n % 8 = 1",
        "insert into ticket_order (id, ticket_id, place, unit_id, role, state, issued_time, result) \
         select gen_random_uuid(), id, 2, '00000000-0000-0000-0000-0000000000f1', 2, 1, reported_time, '' \
         from ticket where id in (select id from ticket order by id offset 70000 limit 3)",
        "vacuum analyze ticket",
        "vacuum analyze ticket_order",
        "vacuum analyze ticket_holding",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
}

/// Returns the service's statement that contains `part`, as it was built.
fn statement(part: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut texts = fs::read_dir(folder).unwrap().filter_map(|file| {
        let kept: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        let text = kept["query"].as_str().unwrap().to_owned();
        text.contains(part).then_some(text)
    });
    let text = texts
        .next()
        .unwrap_or_else(|| panic!("no statement with {part}"));
    assert_eq!(texts.next(), None, "{part}");
    text
}

/// Returns the number of rows that the scans of a plan read, filtered ones included.
fn scanned(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let own = if plan["Node Type"].as_str().unwrap().contains("Index") {
        let rows = number("Actual Rows")
            + number("Rows Removed by Filter")
            + number("Rows Removed by Index Recheck");
        rows * number("Actual Loops")
    } else {
        assert!(
            !plan["Node Type"].as_str().unwrap().contains("Seq Scan"),
            "{plan}"
        );
        0.0
    };
    let below = plan["Plans"].as_array().into_iter().flatten();
    own + below.map(scanned).sum::<f64>()
}

struct Shape {
    part: &'static str,
    code: &'static str,
    length: usize,
    states: &'static [i16],
    only_unrouted: bool,
    unit: Option<Uuid>,
    after: Option<(DateTime<Utc>, Uuid)>,
}

async fn explain(bench: &Bench, shape: &Shape) -> Value {
    let text = format!(
        "explain (analyze, buffers, format json) {}",
        statement(shape.part)
    );
    let routed: &[bool] = if shape.only_unrouted {
        &[false]
    } else {
        &[false, true]
    };
    let (after_time, after_id) = shape.after.unzip();
    let lane = bench.database.list_lanes.take().await.unwrap();
    let plan = lane.run(async |lane| {
        let mut query = sqlx::query_scalar(AssertSqlSafe(text))
            .bind(&shape.code[..shape.length])
            .bind(shape.code)
            .bind(upper_bound(shape.code))
            .bind(routed)
            .bind(shape.states)
            .bind(after_time)
            .bind(after_id)
            .bind(PAGE + 1);
        if let Some(unit) = shape.unit {
            // As a caller with platform scope.
            let everywhere = (String::new(), upper_bound(""), None::<Uuid>);
            query = query
                .bind(unit)
                .bind(everywhere.0)
                .bind(everywhere.1)
                .bind(everywhere.2);
        }
        query.fetch_one(lane).await
    });
    plan.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_about_what_it_holds() {
    let bench = Bench::start_empty().await;
    fill(&bench).await;
    let all: &'static [i16] = &[1, 2, 3, 4, 5, 6, 7, 8, 9];
    let base = Shape {
        part: "from ticket where $1::text is not null",
        code: "",
        length: 0,
        states: all,
        only_unrouted: false,
        unit: None,
        after: None,
    };
    let half = sqlx::query_as(
        "select reported_time, id from ticket order by reported_time offset 100000 limit 1",
    )
    .fetch_one(&bench.database.background)
    .await
    .unwrap();
    let held = "held.unit_id = $9 and $1::text is not null";
    let held_12 = "held.unit_id = $9 and left(held.area_code, 12) = $1";
    let shapes = [
        Shape { ..base },
        Shape {
            after: Some(half),
            ..base
        },
        Shape {
            states: &[9],
            ..base
        },
        Shape {
            states: &[4],
            ..base
        },
        Shape {
            only_unrouted: true,
            ..base
        },
        Shape {
            part: "left(area_code, 6) = $1",
            code: DISTRICT,
            length: 6,
            ..base
        },
        Shape {
            part: "left(area_code, 9) = $1",
            code: STREET,
            length: 9,
            only_unrouted: true,
            ..base
        },
        Shape {
            part: "left(area_code, 12) = $1 and area_code",
            code: COMMUNITY,
            length: 12,
            ..base
        },
        Shape {
            part: "left(area_code, 12) = $1 and area_code",
            code: COMMUNITY,
            length: 12,
            states: &[3],
            after: Some(half),
            ..base
        },
        Shape {
            part: "left(area_code, 15) = $1",
            code: SMALL_GRID,
            length: 15,
            ..base
        },
        Shape {
            part: "left(area_code, 6) = $1",
            code: UNKNOWN,
            length: 6,
            ..base
        },
        Shape {
            part: held,
            unit: Some(FEW),
            ..base
        },
        Shape {
            part: held,
            unit: Some(MANY),
            ..base
        },
        Shape {
            part: held,
            unit: Some(MANY),
            states: &[9],
            ..base
        },
        Shape {
            part: held_12,
            unit: Some(MANY),
            code: COMMUNITY,
            length: 12,
            ..base
        },
        Shape {
            part: held_12,
            unit: Some(FEW),
            code: COMMUNITY,
            length: 12,
            ..base
        },
    ];
    for (number, shape) in shapes.iter().enumerate() {
        let plan = explain(&bench, shape).await;
        let read = scanned(&plan[0]["Plan"]);
        let most = 50.0 * 50.0;
        assert!(read <= most, "shape {number} reads {read}: {plan:#}");
    }
}

/// Returns the ids on the first two pages of a list.
async fn two_pages(client: &Tickets, request: ListTicketsRequest) -> Vec<String> {
    let mut client = client.clone();
    let mut request = ListTicketsRequest {
        page_size: i32::try_from(PAGE).unwrap(),
        ..request
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let page = client
            .list_tickets(request.clone())
            .await
            .unwrap()
            .into_inner();
        ids.extend(page.tickets.into_iter().map(|ticket| ticket.id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_what_a_plain_statement_finds() {
    let bench = Bench::start_empty().await;
    fill(&bench).await;
    let list = ListTicketsRequest::default();
    let held = |unit: Uuid| {
        format!(
            "id in (select ticket_id from ticket_order where unit_id = '{unit}' and state <= 5)"
        )
    };
    let everywhere = bench.client(Role::Leader, Some(""), None);
    let community = bench.client(Role::Leader, Some(COMMUNITY), None);
    let clerk = bench.client(Role::Department, None, Some(MANY));
    let both = bench.client(Role::Leader, Some(COMMUNITY), Some(FEW));
    let within = |code: &str| ListTicketsRequest {
        within_code: code.into(),
        ..list.clone()
    };
    let of = |unit: Uuid| ListTicketsRequest {
        unit_id: unit.to_string(),
        ..list.clone()
    };
    let cases = [
        (&everywhere, list.clone(), "true".to_owned()),
        (
            &everywhere,
            within("9901020020"),
            "area_code like '9901020020%'".to_owned(),
        ),
        (
            &everywhere,
            ListTicketsRequest {
                states: vec![TicketState::Cancelled.into(); 2],
                ..list.clone()
            },
            "state = 9".to_owned(),
        ),
        (
            &community,
            ListTicketsRequest {
                only_unrouted: true,
                ..list.clone()
            },
            format!("area_code like '{COMMUNITY}%' and not routed"),
        ),
        (
            &community,
            of(MANY),
            format!("area_code like '{COMMUNITY}%' and {}", held(MANY)),
        ),
        (&clerk, list.clone(), held(MANY)),
        (
            &everywhere,
            ListTicketsRequest {
                only_unrouted: true,
                ..within(STREET)
            },
            format!("area_code like '{STREET}%' and not routed"),
        ),
        (
            &clerk,
            within(STREET),
            format!("area_code like '{STREET}%' and {}", held(MANY)),
        ),
        (&clerk, of(FEW), format!("{} and {}", held(MANY), held(FEW))),
        (
            &both,
            list.clone(),
            format!("(area_code like '{COMMUNITY}%' or {})", held(FEW)),
        ),
        (
            &both,
            of(MANY),
            format!(
                "(area_code like '{COMMUNITY}%' or {}) and {}",
                held(FEW),
                held(MANY)
            ),
        ),
    ];
    for (client, request, condition) in cases {
        let plain = format!(
            "select id::text from ticket where {condition} order by reported_time desc, id desc limit {}",
            2 * PAGE
        );
        let plain: Vec<String> = sqlx::query_scalar(AssertSqlSafe(plain))
            .fetch_all(&bench.database.background)
            .await
            .unwrap();
        assert_eq!(two_pages(client, request).await, plain, "{condition}");
    }
}
