//! Checks that lists read about one page in a city with 200,000 records of each kind.
//! Every list is requested with each of its filters, alone and with an area, and
//! PostgreSQL's plans are captured.

mod explained;
mod feeds;
mod rows;

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Value, json};
use tonic::Code;
use wangge_api::policy::{METHODS, policy};
use wangge_tests::{City, Service, World, plain, raw, world::Databases};

/// Page size of the requests.
const PAGE: u32 = 50;

/// Maximum number of rows that the scans behind a page may read.
const MOST: f64 = 50.0 * 50.0;

/// Lists that are computed for the call from a bounded number of records, and what bounds
/// it.
const WORKED_OUT: &[(&str, &str)] = &[
    ("ListVacancies", "the grids of the area"),
    ("ListNeedCounts", "the need tags of the area that hold"),
    ("ListDutyGaps", "the shifts of one area in a year"),
    ("ListSessionDays", "the bookings of one session in a year"),
    ("ListFeedPositions", "the services"),
    ("ListFigureRecords", "its own test, in reporting"),
    ("ListTicketHistory", "the revisions of one ticket"),
    ("ListEvents", "its own requests, in `feeds`"),
];

/// A query that runs occasionally in the background and isn't part of any call.
const COUNTED: &str = "duty_gaps!";

/// Areas that lists are requested for: with few rows, with many, and with none.
const AREAS: &[&str] = &[
    rows::SMALL_GRID,
    rows::COMMUNITY,
    rows::STREET,
    rows::DISTRICT,
    rows::UNKNOWN,
];

#[tokio::test(flavor = "multi_thread")]
async fn every_list_reads_about_a_page() {
    explained::listen();
    let databases = Databases::fresh().await;
    for service in Service::FEEDS {
        explained::enable(&databases.of(service).background).await;
    }
    let world = World::on(databases, &Default::default()).await;
    City::build(&world).await;
    let [organization, tickets, volunteers] = Service::FEEDS;
    tokio::join!(
        rows::fill(&world.databases.of(organization).background),
        rows::fill(&world.databases.of(tickets).background),
        rows::fill(&world.databases.of(volunteers).background),
    );
    let mut faults = Vec::new();
    let mut asked = 0;
    for path in METHODS
        .iter()
        .copied()
        .filter(|path| path.contains("/List"))
    {
        let name = path.rsplit('/').next().unwrap_or_default();
        if WORKED_OUT.iter().any(|(worked_out, _)| *worked_out == name) {
            continue;
        }
        for request in requests(path) {
            asked += 1;
            let read = read(&world, path, request.clone()).await;
            if let Err(fault) = read {
                faults.push(format!("{path} {request}: {fault}"));
            }
        }
    }
    assert!(asked > 500, "{asked}");
    faults.extend(feeds::faults(&world).await);
    assert!(
        faults.is_empty(),
        "{} of {asked}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// Requests a page twice, since PostgreSQL may choose another plan for the second call.
/// Returns why it reads too much.
async fn read(world: &World, path: &str, request: Value) -> Result<(), String> {
    // A caller that sees everything, and one for whom the request is out of scope.
    read_at_most(world, path, request, [("", MOST), (rows::ELSEWHERE, MOST)]).await
}

/// The same for callers of areas, each with the number of rows that it may read.
async fn read_at_most(
    world: &World,
    path: &str,
    request: Value,
    callers: [(&str, f64); 2],
) -> Result<(), String> {
    let service = Service::of(path)[0];
    let role = policy(path).expect("a policy").roles[0];
    let body = plain::encode(path, request);
    for (area, most) in callers {
        let token = world.token(role, Some(area), None);
        explained::take();
        let answer = raw::settle(&world.bare(service), Some(&token), path, &body).await;
        if answer.code() != Code::Ok {
            return Err(format!("{:?}", answer.status));
        }
        let mut plans = explained::take();
        // Of a caller that sees something: out of scope, a list may need no statement.
        if plans.is_empty() && area.is_empty() {
            return Err("no plan was captured".to_owned());
        }
        plans.retain(|plan| {
            !plan["Query Text"]
                .as_str()
                .is_some_and(|text| text.contains(COUNTED))
        });
        for plan in plans {
            let read = explained::rows_read(&plan["Plan"]);
            if read > most {
                return Err(format!("by {area:?} reads {read} rows\n{plan:#}"));
            }
        }
    }
    Ok(())
}

/// Returns requests with each filter alone and with each area.
fn requests(path: &str) -> Vec<Value> {
    let fields = plain::fields(path);
    let mut filters = vec![json!({})];
    for field in &fields {
        let name = field.name();
        if ["page_size", "page_token", "within_code"].contains(&name) {
            continue;
        }
        filters.extend(
            values(field)
                .into_iter()
                .map(|value| json!({ name: value })),
        );
    }
    let has_area = fields.iter().any(|field| field.name() == "within_code");
    let mut requests = Vec::new();
    for filter in filters {
        let mut ask = |area: Option<&str>| {
            let mut request = filter.clone();
            request["page_size"] = json!(PAGE);
            if let Some(area) = area {
                request["within_code"] = json!(area);
            }
            requests.push(request);
        };
        ask(None);
        if has_area {
            AREAS.iter().for_each(|area| ask(Some(area)));
        }
    }
    requests
}

/// Returns values of a filter: one that many records have, and one that few have.
fn values(field: &FieldDescriptor) -> Vec<Value> {
    let one = |value: Value| {
        if field.is_list() {
            json!([value])
        } else {
            value
        }
    };
    match field.kind() {
        Kind::Bool => vec![json!(true)],
        Kind::Enum(values) => {
            let named = values.values().filter(|value| value.number() != 0);
            named.map(|value| one(json!(value.name()))).collect()
        }
        Kind::String => vec![json!(rows::MANY.to_string()), json!(rows::FEW.to_string())],
        Kind::Message(day) if day.name() == "Date" => {
            let day = |year: i32| json!({"year": year, "month": 6, "day": 1});
            vec![day(2015), day(2025), day(1990)]
        }
        kind => panic!("{}: no value for {kind:?}", field.full_name()),
    }
}
