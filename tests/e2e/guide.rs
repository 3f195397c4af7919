//! Runs the examples of the guide for district systems as a district system would: in
//! Python, with addresses and tokens in the environment.

use std::process::Stdio;

use tokio::process::Command;
use wangge_api::{
    organization::v1::{ListUnitsRequest, UnitKind, unit_service_client::UnitServiceClient},
    policy::Role,
};
use wangge_tests::{
    DataDir, Service, Wangge,
    process::{golden, repository},
};

const EXAMPLES: [&str; 4] = ["hotline.py", "chat_bridge.py", "till.py", "screen.py"];
const AREA: &str = "320402003005";

/// The first calls of a client that threads share, all at once.
const FROM_SEVERAL_THREADS: &str = r#"
from concurrent.futures import ThreadPoolExecutor
from wangge_client import Platform

platform = Platform()
with ThreadPoolExecutor(8) as threads:
    calls = [
        threads.submit(platform.call, "wangge.tickets.v1.TicketService/ListTickets", {"page_size": 1})
        for _ in range(32)
    ]
    assert all(call.result().tickets for call in calls)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_examples_run() {
    let data_dir = DataDir::new();
    let golden = golden();
    let arguments = [
        "--output".as_ref(),
        "json".as_ref(),
        "--demo".as_ref(),
        golden.as_ref(),
    ];
    let up = Wangge::up(&data_dir, &arguments, &[]).await;
    up.printed(|line| line.starts_with('{')).await;
    let mut units = UnitServiceClient::new(up.everywhere(Service::Organization, Role::Leader));
    let listed = units
        .list_units(ListUnitsRequest {
            page_size: 1000,
            ..Default::default()
        })
        .await;
    let listed = listed.expect("units").into_inner().units;
    let department = listed
        .into_iter()
        .find(|unit| unit.kind() == UnitKind::Department);
    let department = department.expect("a department").id;
    let unit = department.parse().expect("an id");
    let threads = python()
        .args(["-c", FROM_SEVERAL_THREADS])
        .current_dir(repository().join("deploy/guide"))
        .env("WANGGE_TICKETS_URL", up.url(Service::Tickets))
        .env("WANGGE_TOKEN", up.token(Role::System, Some(AREA), None))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("Python");
    let told = String::from_utf8_lossy(&threads.stderr).into_owned();
    assert!(threads.status.success(), "from several threads:\n{told}");
    for example in EXAMPLES {
        // Twice, since the records that it creates may exist already.
        for turn in ["first", "second"] {
            let ran = python()
                .arg(repository().join("deploy/guide").join(example))
                .env("WANGGE_AREA", AREA)
                .env("WANGGE_ORGANIZATION_URL", up.url(Service::Organization))
                .env("WANGGE_TICKETS_URL", up.url(Service::Tickets))
                .env("WANGGE_VOLUNTEERS_URL", up.url(Service::Volunteers))
                .env("WANGGE_REPORTING_URL", up.url(Service::Reporting))
                .env("WANGGE_TOKEN", up.token(Role::System, Some(AREA), None))
                .env(
                    "WANGGE_DISPATCHER_TOKEN",
                    up.token(Role::Dispatcher, Some(AREA), None),
                )
                .env(
                    "WANGGE_DEPARTMENT_TOKEN",
                    up.token(Role::Department, None, Some(unit)),
                )
                .env("WANGGE_DEPARTMENT_UNIT", &department)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .stdin(Stdio::null())
                .output()
                .await
                .expect("Python");
            let told = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert!(
                ran.status.success(),
                "{example}, the {turn} time: {}\n{told}",
                ran.status
            );
        }
    }
    up.terminate().await;
}

/// Returns the Python that has the examples' packages; `./tests/run` sets it.
fn python() -> Command {
    Command::new(std::env::var_os("WANGGE_PYTHON").unwrap_or_else(|| "python3".into()))
}
