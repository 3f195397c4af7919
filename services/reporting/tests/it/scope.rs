//! Access to figures by scope. Hidden areas can't be distinguished from missing ones.

use tonic::{Code, Status};
use wangge_api::{
    policy::Role,
    reporting::v1::{ListFeedPositionsRequest, ListFigureRecordsRequest},
};
use wangge_testkit::reason;

use crate::{Bench, COMMUNITY, DISTRICT, GRID, NEIGHBOUR, case_table};

/// Returns all bytes of a refusal, with the requested area masked.
fn told(status: &Status, area: &str) -> (Code, String, String) {
    let details = String::from_utf8_lossy(status.details()).replace(area, "AREA");
    (
        status.code(),
        status.message().replace(area, "AREA"),
        details,
    )
}

fn records(area: &str) -> ListFigureRecordsRequest {
    ListFigureRecordsRequest {
        area_code: area.into(),
        figure_key: "grid_branches".into(),
        ..ListFigureRecordsRequest::default()
    }
}

#[tokio::test]
async fn a_foreign_area_reads_as_a_missing_one() {
    let bench = Bench::start().await;
    let mut staff = bench.client(Role::Staff, COMMUNITY);
    let missing = "320402003999";
    let absent = case_table(&mut staff, missing, None).await.unwrap_err();
    assert_eq!(
        (absent.code(), reason(&absent).as_str()),
        (Code::NotFound, "RECORD_NOT_FOUND")
    );
    let drilled = staff
        .list_figure_records(records(missing))
        .await
        .unwrap_err();
    for area in [NEIGHBOUR, "320402003000"] {
        let hidden = case_table(&mut staff, area, None).await.unwrap_err();
        assert_eq!(told(&hidden, area), told(&absent, missing));
        let hidden = staff.list_figure_records(records(area)).await.unwrap_err();
        assert_eq!(told(&hidden, area), told(&drilled, missing));
    }
    // Missing in the caller's area, and existing above it.
    for area in ["320402003005999", DISTRICT] {
        let status = case_table(&mut staff, area, None).await.unwrap_err();
        assert_eq!(reason(&status), "RECORD_NOT_FOUND");
    }
    for area in [COMMUNITY, GRID] {
        case_table(&mut staff, area, None).await.unwrap();
        staff.list_figure_records(records(area)).await.unwrap();
    }
}

#[tokio::test]
async fn only_some_roles_read_figures() {
    let bench = Bench::start().await;
    for role in [
        Role::GridWorker,
        Role::Department,
        Role::Importer,
        Role::Service,
    ] {
        let mut client = bench.client(role, "");
        let statuses = [
            case_table(&mut client, COMMUNITY, None).await.unwrap_err(),
            client
                .list_figure_records(records(COMMUNITY))
                .await
                .unwrap_err(),
            client
                .list_feed_positions(ListFeedPositionsRequest {})
                .await
                .unwrap_err(),
        ];
        for status in statuses {
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::PermissionDenied, "ROLE_NOT_ALLOWED")
            );
        }
    }
    let mut staff = bench.client(Role::Staff, COMMUNITY);
    let status = staff
        .list_feed_positions(ListFeedPositionsRequest {})
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
}
