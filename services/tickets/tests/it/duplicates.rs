//! Duplicate requests: one effect, one result.

use futures::future::join_all;
use tonic::Code;
use wangge_api::{
    policy::Role,
    tickets::v1::{ListTicketsRequest, Ticket, TicketState},
};
use wangge_testkit::{fields, reason};

use crate::{Bench, COMMUNITY, LEAD, Verb, act_as, create, get, order_of, report, request_id};

#[tokio::test]
async fn a_hundred_reports_at_once_are_one_ticket() {
    let bench = Bench::start().await;
    let request = create(report());
    let calls = (0..100).map(|_| {
        let (mut client, request) = (bench.dispatcher.clone(), request.clone());
        async move { client.create_ticket(request).await.unwrap().into_inner() }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let listed = bench
        .dispatcher
        .clone()
        .list_tickets(ListTicketsRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.into_inner().tickets, answers[..1]);
    bench.events_of(&answers[0].id, 1).await;
    assert_eq!(bench.history(&answers[0].id).await.len(), 1);
}

#[tokio::test]
async fn a_hundred_dispatches_at_once_are_one() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    bench.go(&ticket, Verb::File).await;
    let request = request_id();
    let calls = (0..100).map(|_| {
        act_as(
            bench.dispatcher.clone(),
            &ticket.id,
            Verb::Dispatch,
            "",
            &request,
            "",
        )
    });
    let answers = join_all(calls).await;
    let first = answers[0].as_ref().unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == first)
    );
    assert_eq!((first.revision, first.orders.len()), (3, 2));
    assert_eq!(bench.history(&ticket.id).await.len(), 3);
    bench.events_of(&ticket.id, 3).await;
}

#[tokio::test]
async fn a_request_id_stands_for_one_request() {
    let bench = Bench::start().await;
    let request = create(report());
    let mut client = bench.dispatcher.clone();
    let ticket = client
        .create_ticket(request.clone())
        .await
        .unwrap()
        .into_inner();
    let other = wangge_api::tickets::v1::CreateTicketRequest {
        ticket: Some(Ticket {
            title: "别的事".into(),
            ..report()
        }),
        ..request.clone()
    };
    let status = client.create_ticket(other).await.unwrap_err();
    let mut refusals = vec![status];
    let verb = |verb, id: String, etag: &'static str| {
        let (client, request) = (bench.dispatcher.clone(), request.request_id.clone());
        async move {
            act_as(client, &id, verb, "", &request, etag)
                .await
                .unwrap_err()
        }
    };
    // The request id of the report, reused for a verb.
    refusals.push(verb(Verb::File, ticket.id.clone(), "").await);
    let id = request_id();
    let file = act_as(client.clone(), &ticket.id, Verb::File, "", &id, "")
        .await
        .unwrap();
    // The same verb with another etag or on another ticket; another verb.
    let second = bench.reported().await;
    for (verb, ticket_id, etag) in [
        (Verb::File, &ticket.id, "1"),
        (Verb::File, &second.id, ""),
        (Verb::Decline, &ticket.id, ""),
    ] {
        refusals.push(
            act_as(client.clone(), ticket_id, verb, "", &id, etag)
                .await
                .unwrap_err(),
        );
    }
    for status in refusals {
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::AlreadyExists, "REQUEST_ID_REUSED")
        );
        assert_eq!(fields(&status), ["request_id"]);
    }
    assert_eq!(bench.get(&ticket.id).await, file);
    assert_eq!(bench.get(&second.id).await, second);
}

#[tokio::test]
async fn callers_do_not_collide_in_request_ids() {
    let bench = Bench::start().await;
    let id = request_id();
    let (first, second) = (bench.reported().await, bench.reported().await);
    let staff = bench.client(Role::Staff, Some(COMMUNITY), None);
    act_as(bench.dispatcher.clone(), &first.id, Verb::File, "", &id, "")
        .await
        .unwrap();
    let filed = act_as(staff, &second.id, Verb::File, "", &id, "")
        .await
        .unwrap();
    assert_eq!(filed.state(), TicketState::PendingDispatch);
}

#[tokio::test]
async fn a_return_is_answered_again_though_it_took_the_ticket_away() {
    let bench = Bench::start().await;
    for verb in [Verb::Return, Verb::Refuse] {
        let ticket = bench.dispatched().await;
        let (id, order) = (request_id(), order_of(&ticket, LEAD));
        let call = || act_as(bench.clerk(LEAD), &ticket.id, verb, &order, &id, "");
        let first = call().await.unwrap();
        assert_eq!(
            get(&mut bench.clerk(LEAD), &ticket.id)
                .await
                .unwrap_err()
                .code(),
            Code::NotFound
        );
        assert_eq!(call().await.unwrap(), first);
        // With a new request id it is a new request, and the ticket isn't found.
        let status = act_as(
            bench.clerk(LEAD),
            &ticket.id,
            verb,
            &order,
            &request_id(),
            "",
        )
        .await
        .unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        // Another caller can't read the ticket by knowing the request id.
        let other = bench.client(Role::Staff, Some(crate::NEIGHBOUR), Some(LEAD));
        let status = act_as(other, &ticket.id, verb, &order, &id, "")
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(bench.get(&ticket.id).await, first);
    }
}

#[tokio::test]
async fn a_repetition_is_answered_with_the_ticket_of_now() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    let id = request_id();
    let file = || {
        act_as(
            bench.dispatcher.clone(),
            &ticket.id,
            Verb::File,
            "",
            &id,
            &ticket.etag,
        )
    };
    file().await.unwrap();
    let later = bench.go(&ticket, Verb::Dispatch).await;
    // An idempotent replay checks neither the state nor the etag.
    assert_eq!(file().await.unwrap(), later);
}

#[tokio::test]
async fn a_ticket_may_bear_the_callers_id() {
    let bench = Bench::start().await;
    let own = Ticket {
        id: request_id(),
        ..report()
    };
    let request = create(own.clone());
    let mut client = bench.dispatcher.clone();
    let made = client
        .create_ticket(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(made.id, own.id);
    assert_eq!(
        client.create_ticket(request).await.unwrap().into_inner(),
        made
    );
    let status = client.create_ticket(create(own)).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "RECORD_EXISTS")
    );
    assert_eq!(fields(&status), ["ticket.id"]);
}
