//! Guards beyond the state machine, and effects of verbs on other orders.

use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::policy::Role;
use wangge_api::tickets::v1::{
    CreateResponsibilityRequest, DispatchTicketRequest, OrderState, RefuseOrderRequest,
    Responsibility, ReturnOrderRequest, ReturnReason, Ticket, TicketAction, TicketOutcome,
    TicketSource, TicketState, WithdrawOrderRequest,
};
use wangge_testkit::{eventually, fields, precondition, reason};

use crate::{ASSISTING, Bench, DAYS, LEAD, THIRD, Verb, act_as, order_of, report, request_id};

async fn filed(bench: &Bench, category: &str) -> Ticket {
    let ticket = bench
        .report(Ticket {
            category_code: category.into(),
            ..report()
        })
        .await
        .unwrap();
    bench.go(&ticket, Verb::File).await
}

async fn dispatch(
    bench: &Bench,
    ticket: &Ticket,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<Ticket, Status> {
    let request = DispatchTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        lead_unit_id: lead.map(|unit| unit.to_string()).unwrap_or_default(),
        assisting_unit_ids: assisting.iter().map(Uuid::to_string).collect(),
        ..DispatchTicketRequest::default()
    };
    bench
        .dispatcher
        .clone()
        .dispatch_ticket(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn hand_back(
    bench: &Bench,
    ticket: &Ticket,
    return_reason: ReturnReason,
    words: &str,
) -> Result<Ticket, Status> {
    let ticket = bench.get(&ticket.id).await;
    let request = ReturnOrderRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        order_id: order_of(&ticket, LEAD),
        return_reason: return_reason.into(),
        reason: words.into(),
        ..ReturnOrderRequest::default()
    };
    bench
        .clerk(LEAD)
        .return_order(request)
        .await
        .map(tonic::Response::into_inner)
}

fn assert_guard(status: &Status, guard: &str) {
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(status), "GUARD_FAILED");
    assert_eq!(precondition(status).as_deref(), Some(guard));
}

fn states(ticket: &Ticket) -> Vec<OrderState> {
    ticket.orders.iter().map(|order| order.state()).collect()
}

#[tokio::test]
async fn a_unit_is_named_once() {
    let bench = Bench::start().await;
    let ticket = filed(&bench, crate::HOURS).await;
    for (lead, assisting) in [
        (Some(LEAD), vec![LEAD]),
        (Some(LEAD), vec![THIRD, ASSISTING, THIRD]),
        // The lead is the one of the duty list.
        (None, vec![LEAD]),
    ] {
        let status = dispatch(&bench, &ticket, lead, &assisting)
            .await
            .unwrap_err();
        assert_guard(&status, "UNIT_TWICE");
    }
    assert_eq!(bench.get(&ticket.id).await, ticket);
}

#[tokio::test]
async fn a_ticket_needs_a_responsible_unit() {
    let bench = Bench::start().await;
    let ticket = filed(&bench, DAYS).await;
    assert_eq!(ticket.suggested_unit_id, "");
    for assisting in [vec![], vec![ASSISTING]] {
        let status = dispatch(&bench, &ticket, None, &assisting)
            .await
            .unwrap_err();
        assert_guard(&status, "NO_RESPONSIBLE_UNIT");
    }
    // An entry may be added later; the entry of the smallest area takes precedence.
    bench.duty(DAYS, "320402", ASSISTING).await;
    bench.duty(DAYS, crate::GRID, THIRD).await;
    bench.duty(DAYS, crate::COMMUNITY, LEAD).await;
    let dispatched = dispatch(&bench, &ticket, None, &[]).await.unwrap();
    assert_eq!(dispatched.orders[0].unit_id, THIRD.to_string());
    let next = filed(&bench, DAYS).await;
    assert_eq!(next.suggested_unit_id, THIRD.to_string());
}

#[tokio::test]
async fn a_ticket_has_at_most_a_hundred_orders_over_all_rounds() {
    let bench = Bench::start().await;
    let mut units = Vec::new();
    for _ in 0..20 {
        let unit = Uuid::now_v7();
        bench.unit_of_days(unit, "2020-01-01", None).await;
        units.push(unit);
    }
    let ticket = filed(&bench, crate::HOURS).await;
    // Four rounds of 21 orders; the fifth may have 16.
    for round in 0..4 {
        dispatch(&bench, &ticket, Some(LEAD), &units).await.unwrap();
        let refused = bench.get(&ticket.id).await;
        let request = RefuseOrderRequest {
            request_id: request_id(),
            ticket_id: ticket.id.clone(),
            order_id: order_of(&refused, LEAD),
            reason: format!("第{round}次"),
            ..RefuseOrderRequest::default()
        };
        bench.clerk(LEAD).refuse_order(request).await.unwrap();
    }
    let beyond = dispatch(&bench, &ticket, Some(LEAD), &units[..16]).await;
    assert_guard(&beyond.unwrap_err(), "TOO_MANY_ORDERS");
    let last = dispatch(&bench, &ticket, Some(LEAD), &units[..15]).await;
    assert_eq!(last.unwrap().orders.len(), 100);
}

#[tokio::test]
async fn the_lead_order_changes_with_its_ticket() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let request = WithdrawOrderRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        order_id: order_of(&ticket, LEAD),
        reason: "不再需要".into(),
        ..WithdrawOrderRequest::default()
    };
    let withdrawn = bench.dispatcher.clone().withdraw_order(request).await;
    assert_guard(&withdrawn.unwrap_err(), "LEAD_ORDER");
}

#[tokio::test]
async fn units_must_be_known() {
    let bench = Bench::start().await;
    let ticket = filed(&bench, crate::HOURS).await;
    let unknown = Uuid::now_v7();
    for (lead, assisting, field) in [
        (Some(unknown), vec![], "lead_unit_id"),
        (
            Some(LEAD),
            vec![ASSISTING, unknown],
            "assisting_unit_ids[1]",
        ),
    ] {
        let status = dispatch(&bench, &ticket, lead, &assisting)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason(&status), "REFERENCE_UNKNOWN");
        assert_eq!(fields(&status), [field]);
    }
}

#[tokio::test]
async fn units_are_ordered_to_while_they_exist() {
    let bench = Bench::start().await;
    let [ended, to_begin, to_end] = [(); 3].map(|()| Uuid::now_v7());
    for (unit, start, end) in [
        (ended, "2019-01-01", Some("2021-06-01")),
        (to_begin, "2022-07-29", None),
        (to_end, "2019-01-01", Some("2022-07-29")),
    ] {
        bench.unit_of_days(unit, start, end).await;
    }
    let ticket = filed(&bench, crate::HOURS).await;
    for (lead, assisting, field) in [
        (Some(ended), vec![], "lead_unit_id"),
        (Some(to_begin), vec![], "lead_unit_id"),
        (Some(LEAD), vec![ASSISTING, ended], "assisting_unit_ids[1]"),
        // The lead is the one of the duty list.
        (None, vec![to_begin], "assisting_unit_ids[0]"),
    ] {
        let status = dispatch(&bench, &ticket, lead, &assisting)
            .await
            .unwrap_err();
        assert_guard(&status, "REFERENCE_NOT_CURRENT");
        assert!(status.message().contains(field), "{status:?}");
    }
    assert_eq!(bench.get(&ticket.id).await, ticket);

    // Today is the unit's last day; a retry tomorrow returns today's result.
    let request = DispatchTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        lead_unit_id: to_end.to_string(),
        ..DispatchTicketRequest::default()
    };
    let mut dispatcher = bench.dispatcher.clone();
    dispatcher.dispatch_ticket(request.clone()).await.unwrap();
    let other = filed(&bench, crate::HOURS).await;
    bench.clock.advance(chrono::Duration::days(1));
    dispatcher.dispatch_ticket(request).await.unwrap();
    let status = dispatch(&bench, &other, Some(to_end), &[])
        .await
        .unwrap_err();
    assert_guard(&status, "REFERENCE_NOT_CURRENT");
    dispatch(&bench, &other, Some(to_begin), &[]).await.unwrap();
}

#[tokio::test]
async fn a_unit_that_has_ended_is_on_duty_no_more() {
    let bench = Bench::start().await;
    let (ended, to_end) = (Uuid::now_v7(), Uuid::now_v7());
    bench
        .unit_of_days(ended, "2019-01-01", Some("2022-07-28"))
        .await;
    bench
        .unit_of_days(to_end, "2019-01-01", Some("2022-07-29"))
        .await;
    let request = CreateResponsibilityRequest {
        request_id: request_id(),
        responsibility: Some(Responsibility {
            category_code: DAYS.into(),
            area_code: crate::GRID.into(),
            unit_id: ended.to_string(),
            ..Responsibility::default()
        }),
    };
    let mut categories = bench.categories();
    let status = categories.create_responsibility(request).await.unwrap_err();
    assert_guard(&status, "REFERENCE_NOT_CURRENT");
    assert!(status.message().contains("responsibility.unit_id"));

    bench.duty(DAYS, crate::GRID, to_end).await;
    // A unit of a wider area doesn't replace it automatically.
    bench.duty(DAYS, "320402", THIRD).await;
    let ticket = filed(&bench, DAYS).await;
    assert_eq!(ticket.suggested_unit_id, to_end.to_string());
    bench.clock.advance(chrono::Duration::days(1));
    let status = dispatch(&bench, &ticket, None, &[]).await.unwrap_err();
    assert_guard(&status, "NO_RESPONSIBLE_UNIT");
    eventually(|| async {
        let next = filed(&bench, DAYS).await;
        next.suggested_unit_id.is_empty().then_some(())
    })
    .await;
    dispatch(&bench, &ticket, Some(LEAD), &[]).await.unwrap();
}

#[tokio::test]
async fn nobody_returns_twice_for_the_same_reason() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    hand_back(&bench, &ticket, ReturnReason::NotOurDuty, "")
        .await
        .unwrap();
    dispatch(&bench, &ticket, Some(LEAD), &[]).await.unwrap();
    let status = hand_back(&bench, &ticket, ReturnReason::NotOurDuty, "")
        .await
        .unwrap_err();
    assert_guard(&status, "RETURNED_BEFORE");
    let status = hand_back(&bench, &ticket, ReturnReason::Other, "  ")
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), fields(&status)),
        ("FIELD_INVALID", vec!["reason".to_owned()])
    );
    let status = hand_back(&bench, &ticket, ReturnReason::Unspecified, "x")
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["return_reason"]);
    let returned = hand_back(&bench, &ticket, ReturnReason::Other, "重复")
        .await
        .unwrap();
    assert_eq!(returned.state(), TicketState::PendingDispatch);
    // Another unit may return the ticket for the same reason.
    let dispatched = dispatch(&bench, &ticket, Some(THIRD), &[]).await.unwrap();
    bench.go_by(&dispatched, Verb::Return, THIRD).await;
}

#[tokio::test]
async fn confirming_waits_for_assisting_orders() {
    let bench = Bench::start().await;
    let ticket = filed(&bench, crate::HOURS).await;
    dispatch(&bench, &ticket, None, &[ASSISTING, THIRD])
        .await
        .unwrap();
    bench.go(&ticket, Verb::Accept).await;
    bench.go(&ticket, Verb::Submit).await;
    let confirm = || bench.act(&ticket.id, Verb::Confirm, "", LEAD);
    assert_guard(&confirm().await.unwrap_err(), "ASSISTING_OPEN");
    bench.go_by(&ticket, Verb::Withdraw, ASSISTING).await;
    assert_guard(&confirm().await.unwrap_err(), "ASSISTING_OPEN");
    bench.go_by(&ticket, Verb::Accept, THIRD).await;
    bench.go_by(&ticket, Verb::Submit, THIRD).await;
    assert_guard(&confirm().await.unwrap_err(), "ASSISTING_OPEN");
    bench.go_by(&ticket, Verb::ConfirmOrder, THIRD).await;
    let after = confirm().await.unwrap();
    let (confirmed, withdrawn) = (OrderState::Confirmed, OrderState::Withdrawn);
    assert_eq!(states(&after), [confirmed, withdrawn, confirmed]);
}

#[tokio::test]
async fn a_refused_ticket_escalates_up_to_the_district() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    for level in [1, 2, 2] {
        let refused = bench.go(&ticket, Verb::Refuse).await;
        assert_eq!(
            (refused.escalation_level, refused.state()),
            (level, TicketState::PendingDispatch)
        );
        dispatch(&bench, &ticket, Some(LEAD), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_lead_there_is_nothing_to_assist() {
    let bench = Bench::start().await;
    for (verb, left) in [
        (Verb::Return, OrderState::Returned),
        (Verb::Refuse, OrderState::Refused),
    ] {
        let ticket = bench.dispatched().await;
        bench.go_by(&ticket, Verb::Accept, ASSISTING).await;
        let after = bench.go(&ticket, verb).await;
        assert_eq!(states(&after), [left, OrderState::Withdrawn]);
        assert!(after.orders.iter().all(|order| order.ended_time.is_some()));
        // A new dispatch adds orders and retains the old ones.
        let again = bench.go(&ticket, Verb::Dispatch).await;
        let issued = OrderState::Issued;
        assert_eq!(
            states(&again),
            [left, OrderState::Withdrawn, issued, issued]
        );
    }
}

#[tokio::test]
async fn a_cancelled_ticket_withdraws_its_open_orders() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    bench.go_by(&ticket, Verb::Accept, ASSISTING).await;
    bench.go_by(&ticket, Verb::Submit, ASSISTING).await;
    bench.go_by(&ticket, Verb::ConfirmOrder, ASSISTING).await;
    let after = bench.go(&ticket, Verb::Cancel).await;
    assert_eq!(after.state(), TicketState::Cancelled);
    assert_eq!(
        states(&after),
        [OrderState::Withdrawn, OrderState::Confirmed]
    );
    assert!(after.ended_time.is_some());
}

#[tokio::test]
async fn only_the_reporter_closes_on_the_spot_what_was_found_on_patrol() {
    let bench = Bench::start().await;
    let fix = async |role, id: &str| {
        let client = bench.client(role, Some(crate::COMMUNITY), None);
        act_as(client, id, Verb::FixOnTheSpot, "", &request_id(), "").await
    };
    let found = bench.reported().await;
    let status = fix(Role::Staff, &found.id).await.unwrap_err();
    assert_guard(&status, "NOT_THE_REPORTER");
    let fixed = fix(Role::GridWorker, &found.id).await.unwrap();
    assert_eq!(fixed.state(), TicketState::Closed);
    assert_eq!(fixed.outcome(), TicketOutcome::Fixed);
    let called = bench
        .report(Ticket {
            source: TicketSource::Hotline.into(),
            ..report()
        })
        .await
        .unwrap();
    let status = fix(Role::GridWorker, &called.id).await.unwrap_err();
    assert_guard(&status, "NOT_REPORTED_ON_PATROL");
    let history = bench.history(&found.id).await;
    let last = history.last().unwrap();
    assert_eq!(last.action(), TicketAction::FixOnTheSpot);
    assert_eq!(last.reason, "已扶正");
}
