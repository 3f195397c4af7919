//! `wangge bench --fill`: measures the most common lists in a small city and in a large
//! one in the same run. The rate of a list must not depend on the size of the city: in
//! the large one, each must retain most of its rate.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures::FutureExt as _;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    tickets::v1::{ListTicketsRequest, TicketState, ticket_service_client::TicketServiceClient},
};
use wangge_client::ServiceChannel;

use super::{
    drive::{Pace, Tally, drive},
    filled_city::{self as city, Lines},
    script::reported_clocks,
};
use crate::{
    connect::ConnectArgs,
    output::{Output, json, line, note, pad},
    services::ServiceName,
};

/// Number of tickets in one batch of `COPY`.
const BATCH: u64 = 20_000;
/// Page size of the lists.
const PAGE: i32 = 50;
/// Target for the ratio of a list's rate in the large city to that in the small one.
const TARGET: f64 = 0.7;
/// Duration of the unmeasured calls before each measurement, which open connections and
/// prepare plans.
const WARM_UP: Duration = Duration::from_millis(500);

/// A list that the systems of a district request all day, with the caller's scope.
struct Shape {
    name: &'static str,
    role: Role,
    area: Option<String>,
    unit: Option<Uuid>,
    request: ListTicketsRequest,
    /// True if enough tickets match to fill a page.
    full: bool,
}

fn shapes() -> Vec<Shape> {
    let all = || ListTicketsRequest {
        page_size: PAGE,
        within_code: city::DISTRICT.to_owned(),
        ..ListTicketsRequest::default()
    };
    let dispatcher = |name, request, full| Shape {
        name,
        role: Role::Dispatcher,
        area: Some(String::new()),
        unit: None,
        request,
        full,
    };
    let in_state = |state: TicketState| ListTicketsRequest {
        states: vec![state.into()],
        ..all()
    };
    let of_unit = |unit: Uuid| ListTicketsRequest {
        unit_id: unit.to_string(),
        ..all()
    };
    let held_by = |name, unit, full| Shape {
        name,
        role: Role::Department,
        area: None,
        unit: Some(unit),
        request: ListTicketsRequest {
            within_code: String::new(),
            ..all()
        },
        full,
    };
    vec![
        dispatcher("newest", all(), true),
        dispatcher(
            "busy community, one state",
            ListTicketsRequest {
                within_code: city::busy_community(),
                ..in_state(TicketState::Closed)
            },
            true,
        ),
        Shape {
            area: Some(city::small_grid()),
            role: Role::GridWorker,
            ..dispatcher(
                "small grid, its worker",
                ListTicketsRequest {
                    within_code: String::new(),
                    ..all()
                },
                false,
            )
        },
        dispatcher("common state", in_state(TicketState::Handling), true),
        dispatcher("rare state", in_state(TicketState::PendingCheck), false),
        dispatcher(
            "unrouted",
            ListTicketsRequest {
                only_unrouted: true,
                ..all()
            },
            false,
        ),
        held_by("own orders, few", city::small_unit(), false),
        held_by("own orders, many", city::busy_unit(), true),
        dispatcher("orders of a unit, few", of_unit(city::small_unit()), false),
        dispatcher("orders of a unit, many", of_unit(city::busy_unit()), true),
    ]
}

/// The result of a list in a city of `tickets` tickets.
struct Measured {
    shape: &'static str,
    tickets: u64,
    tally: Tally,
}

/// Measures the lists in a small city, fills it to `size` tickets, and measures them again.
pub(crate) async fn run(
    connect: &ConnectArgs,
    database_url: &str,
    size: u64,
    in_flight: usize,
    seconds: u64,
    output: Output,
) -> Result<ExitCode> {
    ensure!(
        size > city::FIRST,
        "--fill: must be more than {} tickets, the number that is measured first",
        city::FIRST
    );
    let mut database = PgConnection::connect(database_url)
        .await
        .context("the database of tickets")?;
    let category = category_of_an_empty_district(&mut database).await?;
    let shapes = shapes();
    // Created before the fill, which takes long, so that a missing key fails at once.
    let clients = shapes
        .iter()
        .map(|shape| client(connect, shape))
        .collect::<Result<Vec<_>>>()?;
    if output == Output::Text {
        line(row(&HEADER.map(str::to_owned)));
    }
    let mut measured: Vec<Measured> = Vec::new();
    let mut filled = 0;
    for tickets in [city::FIRST, size] {
        fill(&mut database, filled, tickets, &category).await?;
        filled = tickets;
        for (shape, client) in shapes.iter().zip(&clients) {
            let pace = Pace::InFlight(in_flight);
            drive(caller(client, shape), pace, WARM_UP).await?;
            let tally = drive(caller(client, shape), pace, Duration::from_secs(seconds)).await?;
            let now = Measured {
                shape: shape.name,
                tickets,
                tally,
            };
            print(&now, ratio(&now, &measured), output)?;
            measured.push(now);
        }
    }
    database.close().await?;
    let met = measured
        .iter()
        .filter_map(|now| ratio(now, &measured))
        .all(|ratio| ratio >= TARGET);
    // An unexpected page counts as refused: a list must not pass by returning fewer rows.
    let refused = measured.iter().any(|now| now.tally.refusals() > 0);
    Ok(if met && !refused {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns a category for the tickets, after checking that the district to fill has none.
async fn category_of_an_empty_district(database: &mut PgConnection) -> Result<String> {
    let category: Option<String> =
        sqlx::query_scalar("select code from category order by code limit 1")
            .fetch_optional(&mut *database)
            .await?;
    let category =
        category.context("the system has no records to work with: run `wangge up --demo`")?;
    // A second run would collide with the ids of the first, which aren't removed.
    let there: i64 = sqlx::query_scalar(
        "select count(*) from (select from ticket where area_code >= $1 and area_code < $2 limit 1) t",
    )
    .bind(city::DISTRICT)
    .bind(format!("{}:", city::DISTRICT))
    .fetch_one(database)
    .await?;
    ensure!(
        there == 0,
        "district {} was already filled: use a new data directory",
        city::DISTRICT
    );
    Ok(category)
}

fn client(connect: &ConnectArgs, shape: &Shape) -> Result<TicketServiceClient<ServiceChannel>> {
    let area = shape.area.as_deref();
    let channel = connect.narrow_channel(ServiceName::Tickets, shape.role, area, shape.unit)?;
    Ok(TicketServiceClient::new(channel))
}

fn caller(
    client: &TicketServiceClient<ServiceChannel>,
    shape: &Shape,
) -> Arc<super::drive::Caller> {
    let (client, request, full) = (client.clone(), shape.request.clone(), shape.full);
    Arc::new(move |_| {
        let (mut client, request) = (client.clone(), request.clone());
        async move {
            let listed = client.list_tickets(request).await;
            Some(listed.and_then(|page| {
                let count = page.get_ref().tickets.len();
                let is_full = count == usize::try_from(PAGE).unwrap_or_default();
                // An empty page is fast and proves nothing.
                if count > 0 && is_full == full {
                    Ok(())
                } else {
                    Err(Status::data_loss(format!("UNEXPECTED_PAGE of {count}")))
                }
            }))
        }
        .boxed()
    })
}

/// Copies the tickets `from..until`, then vacuums and analyses the tables: a real city
/// grows slowly, so its statistics are always current.
async fn fill(database: &mut PgConnection, from: u64, until: u64, category: &str) -> Result<()> {
    let (begun, clocks) = (Instant::now(), reported_clocks());
    let mut next = from;
    while next < until {
        let end = (next + BATCH).min(until);
        let mut lines = Lines::default();
        (next..end).for_each(|number| lines.add(number, category, &clocks));
        for (table, columns, text) in [
            ("ticket", city::TICKET_COLUMNS, lines.tickets),
            ("ticket_order", city::ORDER_COLUMNS, lines.orders),
            ("ticket_history", city::HISTORY_COLUMNS, lines.history),
        ] {
            let statement = format!("copy {table} ({columns}) from stdin");
            let mut copy = database.copy_in_raw(&statement).await?;
            copy.send(text.into_bytes()).await?;
            copy.finish().await?;
        }
        next = end;
    }
    database
        .execute("vacuum analyze ticket, ticket_order, ticket_history")
        .await?;
    note(format!(
        "filled to {until} tickets in {:.0} s",
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// Returns the ratio of a list's rate to its rate in the small city; `None` for the small
/// city itself.
fn ratio(now: &Measured, measured: &[Measured]) -> Option<f64> {
    let before = measured
        .iter()
        .find(|before| before.shape == now.shape && before.tickets < now.tickets)?;
    Some(now.tally.per_second() / before.tally.per_second().max(f64::EPSILON))
}

const HEADER: [&str; 8] = [
    "list", "tickets", "calls/s", "p50 ms", "p99 ms", "refused", "kept", "met",
];
const WIDTHS: [usize; 8] = [27, 9, 9, 9, 9, 8, 6, 3];

fn row(cells: &[String; 8]) -> String {
    let padded: Vec<String> = cells
        .iter()
        .zip(WIDTHS)
        .map(|(cell, width)| pad(cell, width))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

fn print(now: &Measured, kept: Option<f64>, output: Output) -> Result<()> {
    let tally = &now.tally;
    if output == Output::Json {
        return json(&json!({
            "list": now.shape,
            "tickets": now.tickets,
            "per_second": tally.per_second(),
            "p50_ms": tally.percentile(50.0),
            "p99_ms": tally.percentile(99.0),
            "refused": tally.refused,
            "kept": kept,
            "met": kept.map(|kept| kept >= TARGET),
        }));
    }
    let (kept, met) = match kept {
        Some(kept) => (format!("{kept:.2}"), if kept >= TARGET { "✓" } else { "✗" }),
        None => (String::new(), ""),
    };
    line(row(&[
        now.shape.to_owned(),
        now.tickets.to_string(),
        format!("{:.0}", tally.per_second()),
        format!("{:.2}", tally.percentile(50.0)),
        format!("{:.2}", tally.percentile(99.0)),
        tally.refusals().to_string(),
        kept,
        met.to_owned(),
    ]));
    for (reason, number) in &tally.refused {
        note(format!("{}: {number} refused: {reason}", now.shape));
    }
    Ok(())
}
