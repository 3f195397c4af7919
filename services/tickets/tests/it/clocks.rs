//! Clocks, their status and explanations, with the service's clock advanced.

use chrono::Duration;
use wangge_api::tickets::v1::{
    Clock, ClockKind, DispatchTicketRequest, ExplainTicketClocksRequest, Light, LimitKind, Ticket,
    TicketAction,
};

use crate::{ASSISTING, Bench, DAYS, LEAD, THIRD, Verb, report, request_id};

/// 28 July 2022, 10:00 in Shanghai.
const START: i64 = 1_658_973_600;

type Interval = (i64, Option<i64>, bool, TicketAction);

fn minute(time: Option<prost_types::Timestamp>) -> Option<i64> {
    time.map(|time| (time.seconds - START) / 60)
}

async fn clocks(bench: &Bench, id: &str) -> Vec<Clock> {
    let request = ExplainTicketClocksRequest {
        ticket_id: id.into(),
    };
    bench
        .leader
        .clone()
        .explain_ticket_clocks(request)
        .await
        .unwrap()
        .into_inner()
        .clocks
}

/// Returns the intervals of a clock, in minutes since [`START`].
fn intervals(clock: &Clock) -> Vec<Interval> {
    let interval = |i: &wangge_api::tickets::v1::ClockInterval| {
        (
            minute(i.start_time).unwrap(),
            minute(i.end_time),
            i.counted,
            i.cause(),
        )
    };
    clock.intervals.iter().map(interval).collect()
}

async fn at(bench: &Bench, minute: i64) {
    let now = (bench.clock.now().timestamp() - START) / 60;
    assert!(minute >= now);
    bench.clock.advance(Duration::minutes(minute - now));
}

/// Returns a ticket dispatched in minute 10, with ten hours to handle it.
async fn dispatched(bench: &Bench) -> Ticket {
    let ticket = bench.reported().await;
    at(bench, 5).await;
    bench.go(&ticket, Verb::File).await;
    at(bench, 10).await;
    bench.go(&ticket, Verb::Dispatch).await
}

async fn dispatch_to(bench: &Bench, ticket: &Ticket, unit: uuid::Uuid) -> Ticket {
    let request = DispatchTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        lead_unit_id: unit.to_string(),
        ..DispatchTicketRequest::default()
    };
    bench
        .dispatcher
        .clone()
        .dispatch_ticket(request)
        .await
        .unwrap()
        .into_inner()
}

fn kinds(clocks: &[Clock]) -> Vec<ClockKind> {
    clocks.iter().map(Clock::kind).collect()
}

#[tokio::test]
async fn each_clock_explains_itself() {
    let bench = Bench::start().await;
    let ticket = dispatched(&bench).await;
    assert_eq!(minute(ticket.filing_due_time), Some(15));
    assert_eq!(minute(ticket.dispatch_due_time), Some(20));
    assert_eq!(minute(ticket.handling_due_time), Some(610));
    let clocks = clocks(&bench, &ticket.id).await;
    assert_eq!(
        kinds(&clocks),
        [ClockKind::Filing, ClockKind::Dispatch, ClockKind::Handling]
    );
    assert_eq!(
        intervals(&clocks[0]),
        [(0, Some(5), true, TicketAction::Report)]
    );
    assert_eq!(
        intervals(&clocks[1]),
        [(5, Some(10), true, TicketAction::File)]
    );
    assert_eq!(
        intervals(&clocks[2]),
        [(10, None, true, TicketAction::Dispatch)]
    );
    let sources: Vec<_> = clocks
        .iter()
        .map(|clock| clock.limit_source.as_str())
        .collect();
    assert_eq!(sources, ["profile", "profile", "category 0105"]);
    let limits: Vec<_> = clocks
        .iter()
        .map(|clock| clock.limit.unwrap())
        .map(|limit| (limit.kind(), limit.amount))
        .collect();
    let minutes = LimitKind::ContinuousMinutes;
    assert_eq!(
        limits,
        [
            (minutes, 15),
            (minutes, 15),
            (LimitKind::ContinuousHours, 10)
        ]
    );
    assert!(
        clocks
            .iter()
            .all(|clock| clock.time_zone == "Asia/Shanghai")
    );
    let stopped: Vec<_> = clocks
        .iter()
        .map(|clock| minute(clock.stopped_time))
        .collect();
    assert_eq!(stopped, [Some(5), Some(10), None]);
}

#[tokio::test]
async fn lights_turn_at_80_and_100_per_cent() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    assert_eq!(ticket.light(), Light::Green);
    for (minute, light) in [
        (11, Light::Green),
        (12, Light::Yellow),
        (14, Light::Yellow),
        (15, Light::Red),
    ] {
        at(&bench, minute).await;
        assert_eq!(bench.get(&ticket.id).await.light(), light, "{minute}");
    }
    bench.go(&ticket, Verb::File).await;
    assert_eq!(
        bench.go(&ticket, Verb::Dispatch).await.light(),
        Light::Green
    );
    for (minute, light) in [
        (15 + 479, Light::Green),
        (15 + 480, Light::Yellow),
        (15 + 599, Light::Yellow),
        (15 + 600, Light::Red),
    ] {
        at(&bench, minute).await;
        assert_eq!(bench.get(&ticket.id).await.light(), light, "{minute}");
    }
    // The explanation retains the missed deadline.
    let clocks = clocks(&bench, &ticket.id).await;
    let lights: Vec<_> = clocks.iter().map(Clock::light).collect();
    assert_eq!(lights, [Light::Red, Light::Green, Light::Red]);
    bench.go(&ticket, Verb::Accept).await;
    bench.go(&ticket, Verb::Submit).await;
    bench.go_by(&ticket, Verb::Withdraw, ASSISTING).await;
    // No clock runs while the result is checked.
    assert_eq!(
        bench.go(&ticket, Verb::Confirm).await.light(),
        Light::Unspecified
    );
}

#[tokio::test]
async fn a_return_pauses_and_the_same_unit_goes_on() {
    let bench = Bench::start().await;
    let ticket = dispatched(&bench).await;
    at(&bench, 70).await;
    let returned = bench.go(&ticket, Verb::Return).await;
    assert_eq!(returned.handling_due_time, None);
    assert_eq!(minute(returned.dispatch_due_time), Some(85));
    let paused = clocks(&bench, &ticket.id).await;
    assert_eq!(paused[2].due_time, None);
    assert_eq!(paused[2].stopped_time, None);
    at(&bench, 100).await;
    let again = dispatch_to(&bench, &ticket, LEAD).await;
    assert_eq!(minute(again.handling_due_time), Some(640));
    let clocks = clocks(&bench, &ticket.id).await;
    use ClockKind::{Dispatch, Filing, Handling};
    assert_eq!(kinds(&clocks), [Filing, Dispatch, Handling, Dispatch]);
    assert_eq!(
        intervals(&clocks[2]),
        [
            (10, Some(70), true, TicketAction::Dispatch),
            (70, Some(100), false, TicketAction::Return),
            (100, None, true, TicketAction::Dispatch),
        ]
    );
    assert_eq!(
        intervals(&clocks[3]),
        [(70, Some(100), true, TicketAction::Return)]
    );
    assert_eq!(clocks[3].light(), Light::Red);
}

#[tokio::test]
async fn a_return_pauses_and_another_unit_begins_anew() {
    let bench = Bench::start().await;
    let ticket = dispatched(&bench).await;
    // Nine of ten hours are used: yellow, also while the clock is paused.
    at(&bench, 550).await;
    bench.go(&ticket, Verb::Refuse).await;
    at(&bench, 850).await;
    assert_eq!(clocks(&bench, &ticket.id).await[2].light(), Light::Yellow);
    let again = dispatch_to(&bench, &ticket, THIRD).await;
    assert_eq!(minute(again.handling_due_time), Some(1450));
    let clocks = clocks(&bench, &ticket.id).await;
    use ClockKind::{Dispatch, Filing, Handling};
    assert_eq!(
        kinds(&clocks),
        [Filing, Dispatch, Handling, Dispatch, Handling]
    );
    assert_eq!(
        intervals(&clocks[2]),
        [
            (10, Some(550), true, TicketAction::Dispatch),
            (550, Some(850), false, TicketAction::Refuse),
        ]
    );
    assert_eq!(minute(clocks[2].stopped_time), Some(850));
    assert_eq!(clocks[2].light(), Light::Yellow);
    assert_eq!(
        intervals(&clocks[4]),
        [(850, None, true, TicketAction::Dispatch)]
    );
}

#[tokio::test]
async fn a_failed_check_goes_on_without_the_time_of_the_check() {
    let bench = Bench::start().await;
    let ticket = dispatched(&bench).await;
    bench.go_by(&ticket, Verb::Withdraw, ASSISTING).await;
    bench.go(&ticket, Verb::Accept).await;
    bench.go(&ticket, Verb::Submit).await;
    at(&bench, 60).await;
    let confirmed = bench.go(&ticket, Verb::Confirm).await;
    assert_eq!(minute(confirmed.handling_due_time), Some(610));
    at(&bench, 90).await;
    let failed = bench.go(&ticket, Verb::Fail).await;
    assert_eq!(
        (failed.rework_count, minute(failed.handling_due_time)),
        (1, Some(640))
    );
    at(&bench, 120).await;
    bench.go(&ticket, Verb::Submit).await;
    bench.go(&ticket, Verb::Confirm).await;
    at(&bench, 700).await;
    let closed = bench.go(&ticket, Verb::Pass).await;
    assert_eq!(
        (closed.rework_count, minute(closed.ended_time)),
        (1, Some(700))
    );
    let handling = clocks(&bench, &ticket.id).await.remove(2);
    assert_eq!(
        intervals(&handling),
        [
            (10, Some(60), true, TicketAction::Dispatch),
            (60, Some(90), false, TicketAction::Confirm),
            (90, Some(120), true, TicketAction::Fail),
        ]
    );
    assert_eq!(
        (minute(handling.stopped_time), handling.light()),
        (Some(120), Light::Green)
    );
}

#[tokio::test]
async fn days_end_at_midnight_in_shanghai() {
    let bench = Bench::start().await;
    let ticket = bench.report(wangge_api::tickets::v1::Ticket {
        category_code: DAYS.into(),
        ..report()
    });
    let ticket = ticket.await.unwrap();
    bench.go(&ticket, Verb::File).await;
    let dispatched = bench.go(&ticket, Verb::Dispatch).await;
    // The end of the 31st: 14 hours of today and three days.
    let midnight = (14 + 3 * 24) * 60;
    assert_eq!(minute(dispatched.handling_due_time), Some(midnight));
    at(&bench, midnight - 1).await;
    assert_eq!(bench.get(&ticket.id).await.light(), Light::Yellow);
    at(&bench, midnight).await;
    assert_eq!(bench.get(&ticket.id).await.light(), Light::Red);
}

#[tokio::test]
async fn the_end_of_a_ticket_stops_every_clock() {
    let bench = Bench::start().await;
    let declined = bench.reported().await;
    let cancelled = dispatched(&bench).await;
    at(&bench, 60).await;
    bench.go(&cancelled, Verb::Return).await;
    at(&bench, 90).await;
    bench.go(&declined, Verb::Decline).await;
    bench.go(&cancelled, Verb::Cancel).await;
    for (ticket, counted) in [(declined, 1), (cancelled, 4)] {
        let clocks = clocks(&bench, &ticket.id).await;
        assert_eq!(clocks.len(), counted);
        assert!(
            clocks.iter().all(|clock| clock.stopped_time.is_some()),
            "{clocks:?}"
        );
        assert_eq!(bench.get(&ticket.id).await.light(), Light::Unspecified);
    }
}

/// Deadlines that pass while no process runs are missed by the clock alone: any process
/// reports them, and none counts from its own start.
#[tokio::test]
async fn a_deadline_passes_while_no_service_runs() {
    let before = Bench::start().await;
    let ticket = dispatched(&before).await;
    let told = clocks(&before, &ticket.id).await;
    let database = before.database.clone();
    drop(before);
    let after = Bench::start_on(database.clone(), true).await;
    at(&after, 609).await;
    assert_eq!(after.get(&ticket.id).await.light(), Light::Yellow);
    drop(after);
    let after = Bench::start_on(database, true).await;
    at(&after, 610).await;
    let late = after.get(&ticket.id).await;
    assert_eq!(late.light(), Light::Red);
    assert_eq!(minute(late.handling_due_time), Some(610));
    let explained = clocks(&after, &ticket.id).await;
    let of = |clocks: &[Clock]| clocks.iter().map(intervals).collect::<Vec<_>>();
    assert_eq!(of(&explained), of(&told));
}
