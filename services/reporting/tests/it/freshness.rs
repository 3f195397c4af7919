//! Read-your-writes consistency.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    events::v1::{CategoryChanged, event::Payload},
    reporting::v1::{CaseTable, GetCaseTableRequest, ListFigureRecordsRequest},
    types::v1::RecordVersion,
    volunteers::v1::CheckInVisitState,
};
use wangge_testkit::{reason, retry_after};

use crate::{Bench, COMMUNITY, event, visit};

fn version(id: Uuid, revision: i64) -> RecordVersion {
    RecordVersion {
        record_id: id.to_string(),
        revision,
    }
}

async fn table(bench: &Bench, at_least: Vec<RecordVersion>) -> Result<CaseTable, Status> {
    let request = GetCaseTableRequest {
        area_code: COMMUNITY.into(),
        as_of_date: None,
        at_least,
        period: 0,
    };
    Ok(bench.leader().get_case_table(request).await?.into_inner())
}

/// The figure of visits.
fn visits(table: CaseTable) -> i64 {
    let mut lines = table.lines.into_iter();
    let line = lines.find(|line| line.figure_key == "official_check_ins");
    line.unwrap().computed_value
}

#[tokio::test]
async fn a_read_waits_for_what_was_written() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7();
    let tell = |revision, state| {
        bench
            .volunteers
            .tell(visit(id, revision, COMMUNITY, "07-28 09:00", state));
    };
    let later = async |revision, state| {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tell(revision, state);
    };
    let (first, ()) = tokio::join!(
        table(&bench, vec![version(id, 1)]),
        later(1, CheckInVisitState::Recorded)
    );
    assert_eq!(visits(first.unwrap()), 1);
    let (second, ()) = tokio::join!(
        table(&bench, vec![version(id, 2)]),
        later(2, CheckInVisitState::Voided)
    );
    assert_eq!(visits(second.unwrap()), 0);
    // Revisions that were applied, and older ones, are not waited for.
    table(&bench, vec![version(id, 1), version(id, 2)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_read_waits_five_seconds_and_is_refused_then() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7();
    bench.volunteers.tell(visit(
        id,
        1,
        COMMUNITY,
        "07-28 09:00",
        CheckInVisitState::Recorded,
    ));
    bench.settle().await;
    let drill_down = ListFigureRecordsRequest {
        area_code: COMMUNITY.into(),
        figure_key: "official_check_ins".into(),
        at_least: vec![version(id, 2)],
        ..ListFigureRecordsRequest::default()
    };
    let (before, mut leader) = (Instant::now(), bench.leader());
    let (missing, ahead, drilled) = tokio::join!(
        table(&bench, vec![version(id, 1), version(Uuid::now_v7(), 1)]),
        table(&bench, vec![version(id, 2)]),
        leader.list_figure_records(drill_down),
    );
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(5), "{waited:?}");
    for status in [
        missing.unwrap_err(),
        ahead.unwrap_err(),
        drilled.unwrap_err(),
    ] {
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Unavailable, "NOT_YET_VISIBLE")
        );
        assert!(retry_after(&status).is_some());
    }
}

#[tokio::test]
async fn every_record_of_a_feed_can_be_waited_for() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7();
    let payload = Payload::CategoryChanged(CategoryChanged {
        category_id: id.to_string(),
        ..CategoryChanged::default()
    });
    bench.tickets.tell(event(id, 1, payload));
    table(&bench, vec![version(id, 1)]).await.unwrap();
}

#[tokio::test]
async fn versions_that_are_none_are_refused() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7().to_string();
    for (record_id, revision) in [("x".to_owned(), 1), (id, 0)] {
        let status = table(
            &bench,
            vec![RecordVersion {
                record_id,
                revision,
            }],
        )
        .await
        .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "FIELD_INVALID")
        );
    }
}
