//! Figures over small data sets written by hand.

use uuid::Uuid;
use wangge_api::{
    events::v1::event::Payload,
    organization::v1::{Post, UnitKind},
    tickets::v1::OrderState,
    volunteers::v1::CheckInVisitState,
};

use crate::{
    Bench, COMMUNITY, DISTRICT, GRID, NEIGHBOUR, OTHER_GRID, amount, appointment, date, grid,
    order, plain, ticket, unit, visit, visited,
};

#[tokio::test]
async fn responses_are_departments_first_acceptances() {
    let bench = Bench::start().await;
    let [department, dissolved, committee, unheard_of] = std::array::from_fn(|_| Uuid::now_v7());
    bench.organization.tell_all([
        unit(department, UnitKind::Department, DISTRICT, "2020-01-01", ""),
        unit(
            dissolved,
            UnitKind::Department,
            DISTRICT,
            "2020-01-01",
            "2022-07-20",
        ),
        unit(committee, UnitKind::Committee, COMMUNITY, "2020-01-01", ""),
    ]);
    let late = "07-28 23:50";
    let tell = |area, orders| bench.tickets.tell(ticket(Uuid::now_v7(), 5, area, orders));
    // One ticket with two responses, and one order without a response.
    tell(
        GRID,
        vec![
            order(department, late, OrderState::Confirmed),
            order(dissolved, "07-01 09:00", OrderState::Handling),
            order(department, "", OrderState::Issued),
        ],
    );
    // A later state doesn't matter.
    tell(
        OTHER_GRID,
        vec![order(department, late, OrderState::Withdrawn)],
    );
    tell(
        COMMUNITY,
        vec![order(department, "07-29 00:05", OrderState::Handling)],
    );
    tell(
        COMMUNITY,
        vec![order(department, "07-29 00:00", OrderState::Handling)],
    );
    // Not counted: no department, unknown unit, never accepted.
    tell(GRID, vec![order(committee, late, OrderState::Handling)]);
    tell(GRID, vec![order(unheard_of, late, OrderState::Handling)]);
    tell(GRID, vec![order(department, "", OrderState::Returned)]);
    tell(GRID, vec![]);
    tell(
        NEIGHBOUR,
        vec![order(department, late, OrderState::Handling)],
    );
    bench.settle().await;
    for (area, day, responses) in [
        (COMMUNITY, "2022-06-30", 0),
        (COMMUNITY, "2022-07-01", 1),
        (COMMUNITY, "2022-07-27", 1),
        (COMMUNITY, "2022-07-28", 3),
        (COMMUNITY, "2022-07-29", 5),
        (GRID, "2022-07-29", 2),
        (OTHER_GRID, "2022-07-29", 1),
        (NEIGHBOUR, "2022-07-29", 1),
        (DISTRICT, "2022-07-29", 6),
    ] {
        assert_eq!(
            bench.figure(area, day, "responses_started").await,
            responses,
            "{area} {day}"
        );
    }
}

#[tokio::test]
async fn visits_count_and_voided_ones_do_not() {
    let bench = Bench::start().await;
    let voided = Uuid::now_v7();
    let (recorded, gone) = (CheckInVisitState::Recorded, CheckInVisitState::Voided);
    bench.volunteers.tell_all([
        visited(COMMUNITY, "07-28 00:00"),
        visited(COMMUNITY, "07-28 23:50"),
        visited(COMMUNITY, "07-29 00:05"),
        visited(NEIGHBOUR, "07-28 09:00"),
        visit(voided, 1, COMMUNITY, "07-28 09:00", recorded),
        visit(Uuid::now_v7(), 2, COMMUNITY, "07-28 09:00", gone),
    ]);
    bench.settle().await;
    let visits = async |area, day| bench.figure(area, day, "official_check_ins").await;
    assert_eq!(visits(COMMUNITY, "2022-07-27").await, 0);
    assert_eq!(visits(COMMUNITY, "2022-07-28").await, 3);
    assert_eq!(visits(COMMUNITY, "2022-07-29").await, 4);
    assert_eq!(visits(DISTRICT, "2022-07-29").await, 5);
    bench
        .volunteers
        .tell(visit(voided, 2, COMMUNITY, "07-28 09:00", gone));
    bench.settle().await;
    assert_eq!(visits(COMMUNITY, "2022-07-28").await, 2);
}

#[tokio::test]
async fn grid_branches_are_those_of_the_day() {
    let bench = Bench::start().await;
    let ended = Uuid::now_v7();
    let branch = |area, start, end| unit(Uuid::now_v7(), UnitKind::GridBranch, area, start, end);
    bench.organization.tell_all([
        branch(GRID, "2020-01-01", ""),
        branch(GRID, "2022-07-28", ""),
        branch(OTHER_GRID, "2022-07-29", ""),
        branch(OTHER_GRID, "2020-01-01", "2022-07-28"),
        branch(NEIGHBOUR, "2020-01-01", ""),
        unit(
            Uuid::now_v7(),
            UnitKind::BuildingPartyGroup,
            GRID,
            "2020-01-01",
            "",
        ),
        unit(ended, UnitKind::GridBranch, COMMUNITY, "2020-01-01", ""),
    ]);
    bench.settle().await;
    let branches = async |day| bench.figure(COMMUNITY, day, "grid_branches").await;
    assert_eq!(branches("2019-12-31").await, 0);
    assert_eq!(branches("2022-07-27").await, 3);
    assert_eq!(branches("2022-07-28").await, 3);
    assert_eq!(branches("2022-07-29").await, 4);
    // It ends later: from then on it doesn't count, and before it does.
    let mut end = unit(
        ended,
        UnitKind::GridBranch,
        COMMUNITY,
        "2020-01-01",
        "2022-07-28",
    );
    end.revision = 2;
    bench.organization.tell(end);
    bench.settle().await;
    assert_eq!(branches("2022-07-27").await, 3);
    assert_eq!(branches("2022-07-28").await, 2);
}

#[tokio::test]
async fn people_in_a_post_count_once() {
    let bench = Bench::start().await;
    for (key, post, other) in [
        ("group_leaders", Post::GroupLeader, Post::Secretary),
        (
            "centre_household_heads",
            Post::CentreHouseholdHead,
            Post::GroupLeader,
        ),
        (
            "full_time_grid_workers",
            Post::FullTimeGridWorker,
            Post::PartTimeGridWorker,
        ),
        (
            "part_time_grid_workers",
            Post::PartTimeGridWorker,
            Post::FullTimeGridWorker,
        ),
    ] {
        let bench = &bench;
        let before = bench.figure(COMMUNITY, "2022-07-28", key).await;
        let in_two = Uuid::now_v7();
        let held = |person, area, start, end| appointment(person, post, area, start, end);
        bench.organization.tell_all([
            held(in_two, GRID, "2020-01-01", ""),
            held(in_two, OTHER_GRID, "2021-01-01", ""),
            held(Uuid::now_v7(), GRID, "2022-07-28", "2022-07-29"),
            // Ended on the day, begins after it, elsewhere, in another post.
            held(Uuid::now_v7(), GRID, "2020-01-01", "2022-07-28"),
            held(Uuid::now_v7(), GRID, "2022-07-29", ""),
            held(Uuid::now_v7(), NEIGHBOUR, "2020-01-01", ""),
            appointment(Uuid::now_v7(), other, GRID, "2023-01-01", ""),
        ]);
        bench.settle().await;
        let people = async |area, day| bench.figure(area, day, key).await;
        assert_eq!(people(COMMUNITY, "2022-07-28").await - before, 2, "{key}");
        assert_eq!(people(COMMUNITY, "2022-07-27").await - before, 2, "{key}");
        assert_eq!(people(COMMUNITY, "2022-07-29").await - before, 2, "{key}");
        assert_eq!(people(OTHER_GRID, "2022-07-28").await, 1, "{key}");
        assert_eq!(
            people(DISTRICT, "2022-07-28").await - people(NEIGHBOUR, "2022-07-28").await,
            2 + before
        );
    }
}

#[tokio::test]
async fn an_appointment_that_ends_is_gone_from_its_last_day() {
    let bench = Bench::start().await;
    let first = appointment(Uuid::now_v7(), Post::GroupLeader, GRID, "2020-01-01", "");
    let mut ended = first.clone();
    ended.revision = 2;
    if let Some(Payload::AppointmentChanged(changed)) = &mut ended.payload {
        changed.end_date = date("2022-07-28");
    }
    bench.organization.tell_all([first, ended]);
    bench.settle().await;
    assert_eq!(
        bench.figure(COMMUNITY, "2022-07-27", "group_leaders").await,
        1
    );
    assert_eq!(
        bench.figure(COMMUNITY, "2022-07-28", "group_leaders").await,
        0
    );
}

#[tokio::test]
async fn plain_records_count_while_they_hold() {
    let bench = Bench::start().await;
    let seat = |area, code, days| {
        plain(
            Uuid::now_v7(),
            1,
            "seat",
            (area, code),
            Some(Uuid::now_v7()),
            days,
        )
    };
    let (counted, ended) = (Uuid::now_v7(), Uuid::now_v7());
    let of_one =
        |id, revision, days| plain(id, revision, "seat", (COMMUNITY, "part_time"), None, days);
    bench.organization.tell_all([
        of_one(counted, 1, ("2022-07-28", "")),
        of_one(ended, 1, ("2020-01-01", "")),
        // Its next revision ends it on the as-of date itself.
        of_one(ended, 2, ("2020-01-01", "2022-07-28")),
        seat(COMMUNITY, "part_time", ("2020-01-01", "2022-07-29")),
        // Not counted: of another kind, later, in another community.
        seat(COMMUNITY, "full_time", ("2020-01-01", "")),
        seat(COMMUNITY, "part_time", ("2022-07-29", "")),
        seat(NEIGHBOUR, "part_time", ("2020-01-01", "")),
    ]);
    bench.settle().await;
    let day = Some("2022-07-28");
    let line = bench.line(COMMUNITY, day, "part_time_seats").await;
    assert_eq!(line.computed_value, 2);
    let line = bench
        .line(COMMUNITY, Some("2022-07-29"), "part_time_seats")
        .await;
    assert_eq!(line.computed_value, 2);
}

#[tokio::test]
async fn whom_records_are_about_counts_once() {
    let bench = Bench::start().await;
    let resident = Uuid::now_v7();
    let tag = |area, resident, days| {
        plain(
            Uuid::now_v7(),
            1,
            "need_tag",
            (area, ""),
            Some(resident),
            days,
        )
    };
    bench.organization.tell_all([
        tag(GRID, resident, ("2022-01-01", "")),
        tag(GRID, resident, ("2022-02-01", "")),
        tag(GRID, Uuid::now_v7(), ("2022-01-01", "2022-02-01")),
        tag(OTHER_GRID, Uuid::now_v7(), ("2022-01-01", "")),
        tag(NEIGHBOUR, Uuid::now_v7(), ("2022-01-01", "")),
    ]);
    bench.settle().await;
    let day = Some("2022-07-28");
    for (area, count) in [(COMMUNITY, 2), (GRID, 1), (NEIGHBOUR, 1)] {
        let line = bench.line(area, day, "residents_in_need").await;
        assert_eq!(line.computed_value, count, "{area}");
    }
}

#[tokio::test]
async fn amounts_add_up_to_the_day() {
    let bench = Bench::start().await;
    let entry = |area, fen, day| {
        let id = Uuid::now_v7();
        amount(id, 1, "subsidy_entry", (area, ""), fen, None, (day, ""))
    };
    bench.volunteers.tell_all([
        entry(COMMUNITY, 50_000, "2021-01-01"),
        entry(GRID, 7_000, "2022-07-28"),
        entry(COMMUNITY, -1_000, "2022-01-01"),
        // Not counted: later, or in another area.
        entry(COMMUNITY, 900, "2022-07-29"),
        entry(NEIGHBOUR, 80, "2021-01-01"),
    ]);
    bench.settle().await;
    let day = Some("2022-07-28");
    for (area, fen) in [(COMMUNITY, 56_000), (GRID, 7_000), (NEIGHBOUR, 80)] {
        let line = bench.line(area, day, "subsidy_fen").await;
        assert_eq!(line.computed_value, fen, "{area}");
    }
}

#[tokio::test]
async fn records_of_two_kinds_with_one_id_are_two() {
    let bench = Bench::start().await;
    let id = Uuid::now_v7();
    let days = ("2020-01-01", "");
    bench.organization.tell_all([
        plain(id, 1, "seat", (COMMUNITY, "part_time"), None, days),
        plain(id, 1, "membership", (COMMUNITY, "resident"), None, days),
        plain(id, 2, "membership", (COMMUNITY, "resident"), None, days),
    ]);
    bench.settle().await;
    for key in ["part_time_seats", "co_governance_members"] {
        let line = bench.line(COMMUNITY, Some("2022-07-28"), key).await;
        assert_eq!(line.computed_value, 1, "{key}");
    }
}

/// A revision of a plain record of a unit, as in events of memberships and seats.
fn of_unit(kind: &str, code: &str, unit: Uuid) -> wangge_api::events::v1::Event {
    let mut event = plain(
        Uuid::now_v7(),
        1,
        kind,
        (COMMUNITY, code),
        None,
        ("2020-01-01", ""),
    );
    if let Some(Payload::RecordChanged(record)) = &mut event.payload {
        // A membership is about its unit, a seat belongs to it.
        if kind == "membership" {
            record.subject_id = unit.to_string();
        } else {
            record.parent_id = unit.to_string();
        }
    }
    event
}

#[tokio::test]
async fn what_is_of_a_unit_or_a_grid_ends_with_it() {
    let bench = Bench::start().await;
    let (dissolved, standing) = (Uuid::now_v7(), Uuid::now_v7());
    let company = |id, end| unit(id, UnitKind::Company, COMMUNITY, "2020-01-01", end);
    let leader = |unit: Uuid| {
        let mut event = appointment(Uuid::now_v7(), Post::GroupLeader, GRID, "2020-01-01", "");
        if let Some(Payload::AppointmentChanged(changed)) = &mut event.payload {
            changed.unit_id = unit.to_string();
        }
        event
    };
    let worker = |area| {
        let post = Post::FullTimeGridWorker;
        appointment(Uuid::now_v7(), post, area, "2020-01-01", "")
    };
    bench
        .organization
        .tell_all([company(dissolved, "2022-07-20"), company(standing, "")]);
    for unit in [dissolved, standing] {
        bench.organization.tell_all([
            of_unit("membership", "company", unit),
            of_unit("seat", "part_time", unit),
            leader(unit),
        ]);
    }
    const THIRD_GRID: &str = "320402003005003";
    let id = Uuid::now_v7();
    bench.organization.tell_all([
        grid(id, 1, THIRD_GRID, ""),
        worker(GRID),
        worker(THIRD_GRID),
    ]);
    let tag = plain(
        Uuid::now_v7(),
        1,
        "need_tag",
        (THIRD_GRID, ""),
        Some(Uuid::now_v7()),
        ("2020-01-01", ""),
    );
    bench.organization.tell(tag);
    bench.settle().await;
    bench
        .organization
        .tell(grid(id, 2, THIRD_GRID, "2022-07-20"));
    bench.settle().await;
    for (key, after) in [
        ("co_governance_members", 1),
        ("part_time_seats", 1),
        ("group_leaders", 1),
        ("full_time_grid_workers", 1),
    ] {
        assert_eq!(bench.figure(COMMUNITY, "2022-07-19", key).await, 2, "{key}");
        assert_eq!(
            bench.figure(COMMUNITY, "2022-07-20", key).await,
            after,
            "{key}"
        );
    }
    // Residents of a grid that has ended still count.
    let key = "residents_in_need";
    assert_eq!(bench.figure(COMMUNITY, "2022-07-20", key).await, 1);
}
