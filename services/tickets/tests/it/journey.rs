//! A ticket from report to close, with a lead unit and an assisting one.

use chrono::Duration;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, TicketChanged, event::Payload},
    policy::Role,
    tickets::v1::{
        AcceptOrderRequest, OrderRole, OrderState, Ticket, TicketAction, TicketOutcome, TicketState,
    },
};

use crate::{ASSISTING, Bench, GRID, HOURS, LEAD, Verb, get, order_of, request_id};

/// Moves a ticket from report to close; returns it after every step.
async fn whole_course(bench: &Bench) -> Vec<Ticket> {
    let mut course = vec![bench.reported().await];
    for (verb, unit) in [
        (Verb::File, LEAD),
        (Verb::Dispatch, LEAD),
        (Verb::Accept, ASSISTING),
        (Verb::Accept, LEAD),
        (Verb::Assign, LEAD),
        (Verb::Submit, ASSISTING),
        (Verb::Submit, LEAD),
        (Verb::SendBack, LEAD),
        (Verb::Submit, LEAD),
        (Verb::ConfirmOrder, ASSISTING),
        (Verb::Confirm, LEAD),
        (Verb::Fail, LEAD),
        (Verb::Submit, LEAD),
        (Verb::Confirm, LEAD),
        (Verb::Pass, LEAD),
    ] {
        bench.clock.advance(Duration::minutes(1));
        course.push(bench.go_by(&course[0], verb, unit).await);
    }
    course
}

const ACTIONS: [TicketAction; 16] = [
    TicketAction::Report,
    TicketAction::File,
    TicketAction::Dispatch,
    TicketAction::Accept,
    TicketAction::Accept,
    TicketAction::Assign,
    TicketAction::Submit,
    TicketAction::Submit,
    TicketAction::SendBack,
    TicketAction::Submit,
    TicketAction::ConfirmOrder,
    TicketAction::Confirm,
    TicketAction::Fail,
    TicketAction::Submit,
    TicketAction::Confirm,
    TicketAction::Pass,
];

fn changed(event: &Event) -> &TicketChanged {
    match &event.payload {
        Some(Payload::TicketChanged(changed)) => changed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn from_report_to_close() {
    let bench = Bench::start().await;
    let course = whole_course(&bench).await;
    let last = course.last().unwrap();
    assert!(course.iter().map(|ticket| ticket.revision).eq(1..=16));
    assert_eq!(
        (last.state(), last.outcome()),
        (TicketState::Closed, TicketOutcome::Fixed)
    );
    assert_eq!(
        (last.rework_count, last.escalation_level, last.imported),
        (1, 0, false)
    );
    let reported = last.reported_time.unwrap().seconds;
    assert_eq!(last.ended_time.unwrap().seconds, reported + 15 * 60);
    let orders: Vec<_> = last
        .orders
        .iter()
        .map(|order| (order.role(), order.state()))
        .collect();
    let confirmed = OrderState::Confirmed;
    assert_eq!(
        orders,
        [
            (OrderRole::Lead, confirmed),
            (OrderRole::Assisting, confirmed)
        ]
    );
    assert_eq!(
        last.orders[0].accepted_time.unwrap().seconds,
        reported + 4 * 60
    );
    assert_eq!(
        last.orders[1].accepted_time.unwrap().seconds,
        reported + 3 * 60
    );
    assert_eq!(last.orders[0].result, "已清理");
    assert!(!last.orders[0].handler_person_id.is_empty());
    assert!(last.orders.iter().all(|order| order.ticket_id == last.id));

    let history = bench.history(&last.id).await;
    assert!(history.iter().map(|line| line.action()).eq(ACTIONS));
    for (number, line) in history.iter().enumerate() {
        assert_eq!(line.revision, course[number].revision);
        assert_eq!(line.to_state(), course[number].state());
        let before = number
            .checked_sub(1)
            .map_or(TicketState::Unspecified, |n| course[n].state());
        assert_eq!(line.from_state(), before);
        let minutes = i64::try_from(number).unwrap();
        assert_eq!(line.action_time.unwrap().seconds, reported + minutes * 60);
    }
    let (lead, assisting) = (order_of(last, LEAD), order_of(last, ASSISTING));
    let by: Vec<_> = history
        .iter()
        .map(|line| line.actor.trim_start_matches("test-"))
        .collect();
    assert_eq!(
        (by[0], by[3], by[15]),
        ("grid_worker", "department", "dispatcher")
    );
    let on: Vec<_> = history.iter().map(|line| line.order_id.as_str()).collect();
    assert_eq!(
        (on[0], on[3], on[4], on[10], on[11]),
        ("", &*assisting, &*lead, &*assisting, "")
    );
    assert_eq!(
        (history[7].reason.as_str(), history[8].reason.as_str()),
        ("已清理", "说明")
    );
}

#[tokio::test]
async fn the_feed_tells_every_revision_once_in_order_and_nothing_personal() {
    let bench = Bench::start().await;
    let request = SubscribeRequest {
        follow: true,
        ..SubscribeRequest::default()
    };
    let mut messages = bench
        .reader()
        .subscribe(request)
        .await
        .unwrap()
        .into_inner();
    let course = whole_course(&bench).await;
    let id = &course[0].id;
    let mut events = Vec::new();
    while events.len() < course.len() {
        let message = messages.message().await.unwrap().unwrap();
        events.extend(
            message
                .events
                .into_iter()
                .filter(|event| &event.record_id == id),
        );
    }
    assert!(
        events
            .iter()
            .map(|event| changed(event).action())
            .eq(ACTIONS)
    );
    for (event, ticket) in events.iter().zip(&course) {
        let changed = changed(event);
        assert_eq!(
            (event.revision, changed.state()),
            (ticket.revision, ticket.state())
        );
        assert_eq!((&changed.ticket_id, changed.area_code.as_str()), (id, GRID));
        assert_eq!(
            (changed.category_code.as_str(), event.district_code.as_str()),
            (HOURS, "320402")
        );
        assert_eq!(changed.handling_due_time, ticket.handling_due_time);
        assert_eq!(
            (changed.closed_time, changed.rework_count),
            (ticket.ended_time, ticket.rework_count)
        );
        let told = changed
            .orders
            .iter()
            .map(|o| (&o.order_id, o.state(), o.accepted_time));
        assert!(
            told.eq(ticket
                .orders
                .iter()
                .map(|o| (&o.id, o.state(), o.accepted_time)))
        );
        assert!(!event.imported);
        assert_eq!(event.occurred_time, event.recorded_time);
        let bytes = format!("{event:?}");
        assert!(!bytes.contains("占道") && !bytes.contains("说明") && !bytes.contains("已清理"));
    }
    // Read again, the events are the same.
    assert_eq!(bench.events_of(id, course.len()).await, events);
}

#[tokio::test]
async fn an_order_can_be_accepted_and_assigned_at_once() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let handler = request_id();
    let request = AcceptOrderRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        order_id: order_of(&ticket, LEAD),
        handler_person_id: handler.clone(),
        ..AcceptOrderRequest::default()
    };
    let after = bench
        .clerk(LEAD)
        .accept_order(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (after.state(), after.revision),
        (TicketState::Handling, ticket.revision + 2)
    );
    assert_eq!(after.orders[0].state(), OrderState::Handling);
    assert_eq!(after.orders[0].handler_person_id, handler);
    let history = bench.history(&ticket.id).await;
    let actions: Vec<_> = history.iter().skip(3).map(|line| line.action()).collect();
    assert_eq!(actions, [TicketAction::Accept, TicketAction::Assign]);
    let events = bench.events_of(&ticket.id, 5).await;
    assert!(events.iter().map(|event| event.revision).eq(1..=5));
    let again = bench
        .clerk(LEAD)
        .accept_order(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, after);
}

#[tokio::test]
async fn a_ticket_reads_the_same_to_all_who_see_it() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    for mut client in [
        bench.client(Role::Staff, Some(GRID), None),
        bench.client(Role::GridWorker, Some(GRID), None),
        bench.client(Role::System, Some("320402"), None),
        bench.client(Role::Leader, Some(""), None),
        bench.clerk(LEAD),
        bench.clerk(ASSISTING),
    ] {
        assert_eq!(get(&mut client, &ticket.id).await.unwrap(), ticket);
    }
}
