//! Drill-down to the records behind a figure.

use std::collections::HashSet;

use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    organization::v1::{FigureBound, Post, UnitKind},
    reporting::v1::{FigureRecord, ListFigureRecordsRequest, ListFigureRecordsResponse},
    tickets::v1::OrderState,
};
use wangge_testkit::{fields, reason};

use crate::{
    Bench, COMMUNITY, GRID, OTHER_GRID, appointment, date, order, published, ticket, unit, visited,
};

async fn page(
    bench: &Bench,
    key: &str,
    day: &str,
    page_size: i32,
    page_token: &str,
) -> Result<ListFigureRecordsResponse, Status> {
    let request = ListFigureRecordsRequest {
        page_size,
        page_token: page_token.into(),
        area_code: COMMUNITY.into(),
        figure_key: key.into(),
        as_of_date: date(day),
        at_least: Vec::new(),
        period: 0,
    };
    Ok(bench
        .leader()
        .list_figure_records(request)
        .await?
        .into_inner())
}

/// Returns the records of all pages. Each page reports the same total.
async fn all(bench: &Bench, key: &str, day: &str, page_size: i32) -> Vec<FigureRecord> {
    let total = bench
        .line(COMMUNITY, (!day.is_empty()).then_some(day), key)
        .await
        .computed_value;
    let (mut records, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(bench, key, day, page_size, &token).await.unwrap();
        assert_eq!(page.total_size, total, "{key}");
        records.extend(page.figure_records);
        token = page.next_page_token;
        if token.is_empty() {
            assert_eq!(i64::try_from(records.len()).unwrap(), total);
            return records;
        }
    }
}

#[tokio::test]
async fn the_records_are_as_many_as_the_figure_says() {
    let bench = Bench::start().await;
    let (department, in_two) = (Uuid::now_v7(), Uuid::now_v7());
    let tickets: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        "320402",
        "2020-01-01",
        "",
    ));
    for id in &tickets {
        let orders = [
            order(department, "07-28 09:00", OrderState::Handling),
            order(department, "07-29 09:00", OrderState::Handling),
        ];
        bench.tickets.tell(ticket(*id, 4, GRID, orders.to_vec()));
    }
    let visits: Vec<_> = (0..7).map(|_| visited(COMMUNITY, "07-28 09:00")).collect();
    bench.volunteers.tell_all(visits.clone());
    let first = appointment(in_two, Post::GroupLeader, GRID, "2020-01-01", "");
    bench.organization.tell_all([
        appointment(in_two, Post::GroupLeader, OTHER_GRID, "2020-01-01", ""),
        first.clone(),
        appointment(Uuid::now_v7(), Post::GroupLeader, GRID, "2020-01-01", ""),
        unit(Uuid::now_v7(), UnitKind::GridBranch, GRID, "2020-01-01", ""),
    ]);
    bench.settle().await;
    for page_size in [0, 1, 2, 3, 100] {
        for day in ["2022-07-28", "2022-07-29", "2022-01-01", ""] {
            for line in bench.table(COMMUNITY, None).await.lines {
                let records = all(&bench, &line.figure_key, day, page_size).await;
                let distinct: HashSet<_> = records.iter().map(|record| &record.record_id).collect();
                assert_eq!(distinct.len(), records.len());
                assert!(records.iter().all(|record| record.kind == line.counted));
            }
        }
    }
    let responses = all(&bench, "responses_started", "2022-07-28", 2).await;
    let parents: HashSet<_> = responses
        .iter()
        .map(|record| record.parent_id.clone())
        .collect();
    assert_eq!(parents, tickets.iter().map(Uuid::to_string).collect());
    assert!(
        responses
            .iter()
            .all(|record| record.service == "tickets" && record.kind == "order")
    );
    let found = all(&bench, "official_check_ins", "", 0).await;
    let found: HashSet<_> = found
        .into_iter()
        .map(|record| (record.record_id.clone(), record.parent_id))
        .collect();
    let told = visits
        .into_iter()
        .map(|event| (event.record_id.clone(), event.record_id));
    assert_eq!(found, told.collect());
    let leaders = all(&bench, "group_leaders", "", 0).await;
    assert!(
        leaders
            .iter()
            .any(|record| record.record_id == in_two.to_string())
    );
    assert!(
        leaders
            .iter()
            .all(|record| record.service == "organization")
    );
}

#[tokio::test]
async fn the_day_is_the_published_one_unless_another_is_asked_for() {
    let bench = Bench::start().await;
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-10 09:00"),
        visited(COMMUNITY, "07-11 09:00"),
    ]);
    let key = "official_check_ins";
    bench
        .organization
        .tell(published(key, 1, FigureBound::Exact, "2022-07-10"));
    bench.settle().await;
    assert_eq!(all(&bench, key, "", 0).await.len(), 1);
    assert_eq!(all(&bench, key, "2022-07-11", 0).await.len(), 2);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let bench = Bench::start().await;
    bench
        .volunteers
        .tell_all((0..3).map(|_| visited(COMMUNITY, "07-28 09:00")));
    bench.settle().await;
    let key = "official_check_ins";
    let token = page(&bench, key, "2022-07-28", 1, "")
        .await
        .unwrap()
        .next_page_token;
    for (key, day, size, token, expected, field) in [
        (
            "unheard_of",
            "2022-07-28",
            1,
            "",
            "FIELD_INVALID",
            "figure_key",
        ),
        ("X", "2022-07-28", 1, "", "FIELD_INVALID", "figure_key"),
        (key, "2022-07-28", -1, "", "FIELD_INVALID", "page_size"),
        (
            key,
            "2022-07-28",
            1,
            "x",
            "PAGE_TOKEN_INVALID",
            "page_token",
        ),
        // The token of another day, and of another figure.
        (
            key,
            "2022-07-29",
            1,
            token.as_str(),
            "PAGE_TOKEN_INVALID",
            "page_token",
        ),
        (
            "grid_branches",
            "2022-07-28",
            1,
            token.as_str(),
            "PAGE_TOKEN_INVALID",
            "page_token",
        ),
    ] {
        let status = page(&bench, key, day, size, token).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, expected)
        );
        assert_eq!(fields(&status), [field]);
    }
}
