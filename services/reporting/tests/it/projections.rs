//! Feeds with duplicates, late events, broken streams and events that can't be applied.

use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    organization::v1::{Post, UnitKind},
    tickets::v1::OrderState,
    volunteers::v1::CheckInVisitState,
};

use crate::{
    Bench, COMMUNITY, GRID, OTHER_GRID, appointment, moment, order, published, ticket, unit, visit,
    visited,
};

const DAY: &str = "2022-07-28";
const VISITS: &str = "official_check_ins";
const RESPONSES: &str = "responses_started";

/// Returns an event that no projection can apply.
fn broken(event: Event) -> Event {
    let payload = match event.payload {
        Some(Payload::CheckInVisitChanged(changed)) => {
            let check_in_visit_id = "nonsense".into();
            Payload::CheckInVisitChanged(wangge_api::events::v1::CheckInVisitChanged {
                check_in_visit_id,
                ..changed
            })
        }
        other => panic!("{other:?}"),
    };
    Event {
        payload: Some(payload),
        ..event
    }
}

#[tokio::test]
async fn what_is_repeated_counts_once() {
    let bench = Bench::start().await;
    let department = Uuid::now_v7();
    let branch = unit(Uuid::now_v7(), UnitKind::GridBranch, GRID, "2020-01-01", "");
    let leader = appointment(Uuid::now_v7(), Post::GroupLeader, GRID, "2020-01-01", "");
    let visit = visited(COMMUNITY, "07-28 09:00");
    let accepted = order(department, "07-28 09:00", OrderState::Handling);
    let ticket = ticket(Uuid::now_v7(), 4, GRID, vec![accepted]);
    for _ in 0..3 {
        bench
            .organization
            .tell_all([branch.clone(), leader.clone(), branch.clone()]);
        bench.organization.tell(unit(
            department,
            UnitKind::Department,
            "320402",
            "2020-01-01",
            "",
        ));
        bench.volunteers.tell_all([visit.clone(), visit.clone()]);
        bench.tickets.tell_all([ticket.clone(), ticket.clone()]);
    }
    bench.settle().await;
    for key in ["grid_branches", "group_leaders", VISITS, RESPONSES] {
        assert_eq!(bench.figure(COMMUNITY, DAY, key).await, 1, "{key}");
    }
    assert_eq!(bench.set_aside("volunteers").await, 0);
}

#[tokio::test]
async fn what_comes_late_undoes_nothing() {
    let bench = Bench::start().await;
    let department = Uuid::now_v7();
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        "320402",
        "2020-01-01",
        "",
    ));
    let (voided, id) = (Uuid::now_v7(), Uuid::now_v7());
    let (recorded, gone) = (CheckInVisitState::Recorded, CheckInVisitState::Voided);
    bench.volunteers.tell_all([
        visit(voided, 2, COMMUNITY, "07-28 09:00", gone),
        visited(COMMUNITY, "07-28 09:10"),
        visit(voided, 1, COMMUNITY, "07-28 09:00", recorded),
    ]);
    // The order was accepted; then the previous revision arrives.
    let accepted = order(department, "07-28 09:00", OrderState::Accepted);
    let issued = wangge_api::events::v1::OrderSnapshot {
        accepted_time: None,
        state: OrderState::Issued.into(),
        ..accepted.clone()
    };
    bench.tickets.tell_all([
        ticket(id, 4, GRID, vec![accepted]),
        ticket(Uuid::now_v7(), 1, GRID, vec![]),
        ticket(id, 3, OTHER_GRID, vec![issued]),
    ]);
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 1);
    assert_eq!(bench.figure(GRID, DAY, RESPONSES).await, 1);
    assert_eq!(bench.figure(OTHER_GRID, DAY, RESPONSES).await, 0);
}

#[tokio::test]
async fn records_come_in_any_order_among_one_another() {
    let bench = Bench::start().await;
    let department = Uuid::now_v7();
    let accepted = order(department, "07-28 09:00", OrderState::Accepted);
    bench
        .tickets
        .tell(ticket(Uuid::now_v7(), 4, GRID, vec![accepted]));
    bench.settle().await;
    // The kind of the unit isn't known yet.
    assert_eq!(bench.figure(COMMUNITY, DAY, RESPONSES).await, 0);
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        "320402",
        "2020-01-01",
        "",
    ));
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, RESPONSES).await, 1);
}

#[tokio::test]
async fn a_ticket_that_moves_takes_its_orders_along() {
    let bench = Bench::start().await;
    let (department, id) = (Uuid::now_v7(), Uuid::now_v7());
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        "320402",
        "2020-01-01",
        "",
    ));
    let accepted = order(department, "07-28 09:00", OrderState::Accepted);
    bench.tickets.tell_all([
        ticket(id, 4, COMMUNITY, vec![accepted.clone()]),
        ticket(id, 5, GRID, vec![accepted]),
    ]);
    bench.settle().await;
    assert_eq!(bench.figure(GRID, DAY, RESPONSES).await, 1);
    assert_eq!(bench.figure(COMMUNITY, DAY, RESPONSES).await, 1);
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_where_it_was() {
    let bench = Bench::start().await;
    for count in [1, 3, 6, 7] {
        bench.volunteers.break_behind(count);
    }
    bench
        .volunteers
        .tell_all((0..10).map(|_| visited(COMMUNITY, "07-28 09:00")));
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 10);
    let asked = bench.volunteers.asked();
    assert_eq!(
        asked
            .iter()
            .filter(|token| !token.is_empty())
            .collect::<Vec<_>>(),
        ["1", "3", "6", "7"]
    );
}

#[tokio::test]
async fn a_feed_that_begins_again_counts_once() {
    let bench = Bench::start().await;
    bench
        .volunteers
        .tell_all((0..10).map(|_| visited(COMMUNITY, "07-28 09:00")));
    bench.volunteers.break_behind(7);
    bench.volunteers.break_behind(10);
    bench.volunteers.forget(3);
    bench.settle().await;
    bench.volunteers.tell(visited(COMMUNITY, "07-28 09:00"));
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 11);
}

#[tokio::test]
async fn what_cannot_be_applied_is_set_aside_and_the_rest_goes_on() {
    let bench = Bench::start().await;
    let spoilt = broken(visited(COMMUNITY, "07-28 09:00"));
    let untimed = {
        let mut event = visited(COMMUNITY, "07-28 09:00");
        if let Some(Payload::CheckInVisitChanged(changed)) = &mut event.payload {
            changed.visit_time = None;
        }
        event
    };
    let mut unnamed = visited(COMMUNITY, "07-28 09:00");
    unnamed.record_id = "nonsense".into();
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-28 09:00"),
        spoilt.clone(),
        visited(COMMUNITY, "07-28 09:00"),
        untimed,
        unnamed,
        visited(COMMUNITY, "07-28 09:00"),
    ]);
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 3);
    assert_eq!(bench.set_aside("volunteers").await, 3);
    let kept: (String, String, i64) = sqlx::query_as(
        "select record_id, error, revision from set_aside_event where event_id = $1",
    )
    .bind(Uuid::parse_str(&spoilt.event_id).unwrap())
    .fetch_one(&bench.database.calls)
    .await
    .unwrap();
    assert_eq!((&kept.0, kept.2), (&spoilt.record_id, 1));
    assert!(kept.1.contains("must be a UUID"), "{}", kept.1);
    // A later revision of the record repairs it.
    let record_id = Uuid::parse_str(&spoilt.record_id).unwrap();
    bench.volunteers.tell(visit(
        record_id,
        2,
        COMMUNITY,
        "07-28 09:00",
        CheckInVisitState::Recorded,
    ));
    bench.settle().await;
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 4);
    assert_eq!(bench.set_aside("volunteers").await, 3);
}

#[tokio::test]
async fn positions_tell_how_far_each_feed_was_applied() {
    let bench = Bench::start_empty().await;
    assert!(bench.positions().await.is_empty());
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-28 09:00"),
        visited(COMMUNITY, "07-28 09:00"),
    ]);
    let key = published(
        "grid_branches",
        4,
        wangge_api::organization::v1::FigureBound::Exact,
        DAY,
    );
    bench.organization.tell(key);
    bench.settle().await;
    let positions = bench.positions().await;
    let told: Vec<_> = positions
        .iter()
        .map(|position| {
            (
                position.service.as_str(),
                position.token.as_str(),
                position.set_aside_count,
            )
        })
        .collect();
    assert_eq!(told, [("organization", "1", 0), ("volunteers", "2", 0)]);
    let now = moment("2022-07-28T02:00:00Z").timestamp();
    assert!(
        positions
            .iter()
            .all(|position| position.applied_time.unwrap().seconds == now)
    );
}

#[tokio::test]
async fn events_of_kinds_not_known_do_nothing() {
    let bench = Bench::start().await;
    let empty = |revision| Event {
        event_id: Uuid::now_v7().to_string(),
        record_id: Uuid::now_v7().to_string(),
        revision,
        ..Event::default()
    };
    for feed in [&bench.organization, &bench.tickets, &bench.volunteers] {
        feed.tell(empty(1));
        feed.tell(visited(COMMUNITY, "07-28 09:00"));
    }
    bench.settle().await;
    for service in ["organization", "tickets", "volunteers"] {
        assert_eq!(bench.set_aside(service).await, 0);
    }
    assert_eq!(bench.figure(COMMUNITY, DAY, VISITS).await, 1);
}
