//! Loads the golden data set: once, twice, and through kills.

use std::{
    ffi::OsStr,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tonic::Code;
use wangge_api::{
    organization::v1::{
        GetPersonRequest, GetUnitRequest, UnitKind, person_service_client::PersonServiceClient,
        unit_service_client::UnitServiceClient,
    },
    policy::Role,
    tickets::v1::GetTicketRequest,
    volunteers::v1::{
        CheckInVisitState, GetCheckInVisitRequest, official_service_client::OfficialServiceClient,
    },
};
use wangge_tests::{DataDir, Dice, Service, Site, Wangge, city::tickets, feed, process::golden};

use super::{
    picture::{AREA, Picture, become_golden, golden_table, records, table, take},
    recount::recount,
};

/// Runs `wangge up --demo` until it has printed the case table.
async fn demo(data_dir: &DataDir) -> (Wangge, serde_json::Value) {
    let up = start_demo(data_dir).await;
    let line = up.printed(|line| line.starts_with('{')).await;
    (up, serde_json::from_str(&line).expect("JSON"))
}

async fn start_demo(data_dir: &DataDir) -> Wangge {
    let golden = golden();
    let arguments = [
        OsStr::new("--output"),
        "json".as_ref(),
        "--demo".as_ref(),
        golden.as_ref(),
    ];
    Wangge::up(data_dir, &arguments, &[]).await
}

/// Asserts that the printed figures meet the published ones.
fn assert_printed(printed: &serde_json::Value) {
    let lines = printed["lines"].as_array().expect("lines");
    let told = lines.iter().map(|line| {
        let key = line["figure_key"].as_str().expect("a key").to_owned();
        (
            key,
            (
                line["computed_value"].as_i64().expect("a figure"),
                line["met"] == true,
            ),
        )
    });
    assert_eq!(
        told.collect::<std::collections::BTreeMap<_, _>>(),
        golden_table()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_golden_data_set_returns_what_was_published_and_loads_once() {
    let data_dir = DataDir::new();
    let (up, printed) = demo(&data_dir).await;
    assert_printed(&printed);
    let first = take(&up).await;
    assert_eq!(first.table, golden_table());
    recount(&data_dir, &first.table).await;
    // Each with the records that it is computed from.
    assert!(first.table.keys().eq(first.records.keys()));
    each_response_was_started(&up).await;
    each_visit_counts(&up).await;
    each_branch_and_person_is_there(&up).await;
    let (ended, _) = up.terminate().await;
    assert!(ended.success(), "{ended}");

    // Once more on the same data: recognised at once by the marker file.
    let (up, printed) = demo(&data_dir).await;
    assert_printed(&printed);
    assert_eq!(take(&up).await, first);
    up.terminate().await;

    // Without the marker file: recognised row by row.
    std::fs::remove_file(data_dir.join("loaded")).expect("the mark of a load");
    let (up, printed) = demo(&data_dir).await;
    assert_printed(&printed);
    let told = up.told(|line| line.contains("records imported")).await;
    assert!(told.starts_with("0 records imported"), "{told}");
    assert_eq!(take(&up).await, first);
    up.terminate().await;
}

/// Asserts that each order that counts belongs to a ticket that its readers can read, and
/// has been accepted by a department.
async fn each_response_was_started(site: &Site) {
    let mut leader = tickets(site, Role::Leader, AREA, None);
    let mut units = UnitServiceClient::new(site.everywhere(Service::Organization, Role::Leader));
    for record in records(site, "responses_started").await {
        assert_eq!(
            (record.service.as_str(), record.kind.as_str()),
            ("tickets", "order")
        );
        let request = GetTicketRequest {
            id: record.parent_id,
        };
        let ticket = leader
            .get_ticket(request)
            .await
            .expect("the ticket")
            .into_inner();
        let order = ticket
            .orders
            .iter()
            .find(|order| order.id == record.record_id);
        let order = order.expect("the order");
        assert!(
            order.accepted_time.is_some(),
            "order {} was not accepted",
            order.id
        );
        assert!(ticket.area_code.starts_with(AREA), "{}", ticket.area_code);
        let request = GetUnitRequest {
            id: order.unit_id.clone(),
        };
        let unit = units
            .get_unit(request)
            .await
            .expect("the unit")
            .into_inner();
        assert_eq!(unit.kind(), UnitKind::Department, "{}", unit.code);
    }
}

async fn each_visit_counts(site: &Site) {
    let channel = site.channel(Service::Volunteers, Role::Leader, Some(AREA), None);
    let mut officials = OfficialServiceClient::new(channel);
    for record in records(site, "official_check_ins").await {
        let request = GetCheckInVisitRequest {
            id: record.record_id,
        };
        let visit = officials
            .get_check_in_visit(request)
            .await
            .expect("the visit")
            .into_inner();
        assert_eq!(visit.state(), CheckInVisitState::Recorded);
    }
}

async fn each_branch_and_person_is_there(site: &Site) {
    let channel = site.channel(Service::Organization, Role::Leader, Some(AREA), None);
    let mut units = UnitServiceClient::new(channel.clone());
    for record in records(site, "grid_branches").await {
        let request = GetUnitRequest {
            id: record.record_id,
        };
        let unit = units
            .get_unit(request)
            .await
            .expect("the unit")
            .into_inner();
        assert_eq!(unit.kind(), UnitKind::GridBranch, "{}", unit.code);
    }
    let mut people = PersonServiceClient::new(channel);
    for figure in [
        "group_leaders",
        "centre_household_heads",
        "full_time_grid_workers",
        "part_time_grid_workers",
    ] {
        for record in records(site, figure).await {
            let request = GetPersonRequest {
                id: record.record_id,
            };
            people.get_person(request).await.expect("the person");
        }
    }
}

/// Killed with SIGKILL at different points of the load, and restarted each time: nothing
/// is lost, nothing is duplicated.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_killed_is_finished_by_the_next_start() {
    let mut dice = Dice::new();
    let (whole, took) = {
        let data_dir = DataDir::new();
        let up = start_demo(&data_dir).await;
        let begun = Instant::now();
        up.printed(|line| line.starts_with('{')).await;
        let took = begun.elapsed();
        let picture = take(&up).await;
        up.terminate().await;
        (picture, took)
    };
    let data_dirs = [DataDir::new(), DataDir::new()];
    // As soon as each service has written something,
    for service in Service::FEEDS {
        kill_behind(&data_dirs[0], service, 1).await;
    }
    // and at arbitrary points of the load, later each time.
    for third in 0..3 {
        let percent = u32::try_from(third * 30 + dice.below(30)).expect("small");
        kill_after(&data_dirs[1], took * percent / 100).await;
    }
    for data_dir in &data_dirs {
        let (up, printed) = demo(data_dir).await;
        assert_printed(&printed);
        assert_same(&take(&up).await, &whole);
        up.terminate().await;
    }
}

/// Starts a load and kills it after a while.
async fn kill_after(data_dir: &DataDir, pause: Duration) {
    let up = start_demo(data_dir).await;
    tokio::time::sleep(pause).await;
    up.kill().await;
    println!("killed after {pause:?}");
}

/// Starts a load and kills it once a service has written some events.
async fn kill_behind(data_dir: &DataDir, service: Service, events: usize) {
    let up = start_demo(data_dir).await;
    let options = data_dir.database(service.name());
    let mut database = PgConnection::connect_with(&options)
        .await
        .expect("the database");
    let mut written = 0_i64;
    // Or once everything is loaded, if that was faster than the polling.
    while usize::try_from(written).expect("a count") < events
        && up.stdout.find(|line| line.starts_with('{')).is_none()
    {
        let count = sqlx::query_scalar("select count(*) from outbox");
        written = count.fetch_one(&mut database).await.expect("a count");
    }
    up.kill().await;
    println!(
        "killed at {written} events of {} (wanted {events})",
        service.name()
    );
}

/// Like `assert_eq`, which would print thousands of events.
fn assert_same(one: &Picture, other: &Picture) {
    assert_eq!(one.table, other.table);
    assert_eq!(one.records, other.records);
    let extra: Vec<_> = one.events.difference(&other.events).take(5).collect();
    let lost: Vec<_> = other.events.difference(&one.events).take(5).collect();
    assert!(
        extra.is_empty() && lost.is_empty(),
        "extra {extra:?}, lost {lost:?}"
    );
}

/// Everything that reporting stores can be rebuilt from the feeds.
#[tokio::test(flavor = "multi_thread")]
async fn reporting_is_made_again_from_the_feeds() {
    let data_dir = DataDir::new();
    let (up, _) = demo(&data_dir).await;
    let before = take(&up).await;
    drop_database(&data_dir, "reporting").await;
    // While it is down, callers are asked to retry.
    let status = table(&up).await.expect_err("a refusal");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(wangge_testkit::reason(&status), "DATABASE_UNAVAILABLE");
    up.terminate().await;

    // Restarted without further options.
    let up = Wangge::up(&data_dir, &[], &[]).await;
    become_golden(&up).await;
    assert_same(&take(&up).await, &before);
    drop_database(&data_dir, "reporting").await;
    up.terminate().await;

    // Restarted with the case table requested at once.
    let (up, printed) = demo(&data_dir).await;
    assert_printed(&printed);
    assert_same(&take(&up).await, &before);
    assert_eq!(feed::read_all(&up).await.len(), before.events.len());
    up.terminate().await;
}

async fn drop_database(data_dir: &DataDir, name: &str) {
    let options = data_dir.database("postgres");
    let mut postgres = PgConnection::connect_with(&options)
        .await
        .expect("PostgreSQL");
    let statement = format!("drop database {name} with (force)");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut postgres)
        .await
        .expect("dropped");
}
