//! Retries by callers who can no longer see the ticket: they read it only as their own
//! request left it, never later changes.

use tonic::Status;
use wangge_api::{
    policy::Role,
    tickets::v1::{Ticket, TicketState},
    types::v1::{CoordinateSystem, Point},
};
use wangge_testkit::reason;

use crate::{
    ASSISTING, Bench, COMMUNITY, GRID, LEAD, OTHER_GRID, THIRD, Tickets, Verb, act_as, create, get,
    order_of, report, request_id, scope::told,
};

/// Asserts that a refusal equals that of a ticket that never existed.
async fn assert_missing(client: &Tickets, verb: Verb, status: &Status, ticket: &Ticket) {
    let missing = request_id();
    let absent = act_as(client.clone(), &missing, verb, &missing, &request_id(), "")
        .await
        .unwrap_err();
    assert_eq!(reason(status), "RECORD_NOT_FOUND");
    assert_eq!(
        told(status, &ticket.id),
        told(&absent, &missing),
        "{verb:?}"
    );
}

#[tokio::test]
async fn a_repetition_after_losing_the_scope_reads_as_missing() {
    let bench = Bench::start().await;
    let clerk = bench.clerk(ASSISTING);
    for verb in [Verb::Accept, Verb::Return, Verb::Refuse] {
        let ticket = bench.dispatched().await;
        let (id, order) = (request_id(), order_of(&ticket, ASSISTING));
        let call = || act_as(clerk.clone(), &ticket.id, verb, &order, &id, "");
        let first = call().await.unwrap();
        assert_eq!(call().await.unwrap(), first, "{verb:?} is safe to retry");
        if verb == Verb::Accept {
            assert_eq!(
                bench
                    .go_by(&ticket, Verb::Withdraw, ASSISTING)
                    .await
                    .revision,
                5
            );
        } else {
            bench.go(&ticket, Verb::Accept).await;
        }
        get(&mut clerk.clone(), &ticket.id).await.unwrap_err();
        assert_missing(&clerk, verb, &call().await.unwrap_err(), &ticket).await;
    }
}

#[tokio::test]
async fn a_repetition_with_a_narrower_area_reads_as_missing() {
    let bench = Bench::start().await;
    // The same subject, transferred to another grid.
    let moved = bench.client(Role::Dispatcher, Some(OTHER_GRID), None);
    for verb in [Verb::File, Verb::Decline, Verb::Dispatch] {
        let ticket = bench.reported().await;
        if verb == Verb::Dispatch {
            bench.go(&ticket, Verb::File).await;
        }
        let id = request_id();
        let by = |client: &Tickets| act_as(client.clone(), &ticket.id, verb, "", &id, "");
        let first = by(&bench.dispatcher).await.unwrap();
        assert_eq!(by(&moved).await.unwrap(), first, "{verb:?}");
        sqlx::query("update ticket set revision = revision + 1 where id = $1::uuid")
            .bind(&ticket.id)
            .execute(&bench.database.background)
            .await
            .unwrap();
        assert_missing(&moved, verb, &by(&moved).await.unwrap_err(), &ticket).await;
        assert_eq!(by(&bench.dispatcher).await.unwrap().id, ticket.id);
    }
}

#[tokio::test]
async fn a_report_repeated_after_losing_the_scope_reads_as_missing() {
    let bench = Bench::start().await;
    let request = create(Ticket {
        area_code: String::new(),
        point: Some(Point {
            longitude: 119.975,
            latitude: 31.8,
            coordinate_system: CoordinateSystem::Wgs84.into(),
        }),
        ..report()
    });
    let by = |area: &'static str| {
        let mut client = bench.client(Role::GridWorker, Some(area), None);
        let request = request.clone();
        async move {
            client
                .create_ticket(request)
                .await
                .map(|made| made.into_inner())
        }
    };
    let made = by(COMMUNITY).await.unwrap();
    assert_eq!(made.area_code, GRID);
    assert_eq!(by(OTHER_GRID).await.unwrap(), made);
    bench.go(&made, Verb::File).await;
    let status = by(OTHER_GRID).await.unwrap_err();
    assert_eq!(reason(&status), "RECORD_NOT_FOUND");
    assert_eq!(
        by(COMMUNITY).await.unwrap().state(),
        TicketState::PendingDispatch
    );
}

#[tokio::test]
async fn a_ticket_has_so_many_orders_and_no_more() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    bench.go(&ticket, Verb::File).await;
    // Two orders per round, so 50 rounds.
    for _ in 0..50 {
        bench.go(&ticket, Verb::Dispatch).await;
        bench.go(&ticket, Verb::Refuse).await;
    }
    let status = bench
        .act(&ticket.id, Verb::Dispatch, "", THIRD)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "GUARD_FAILED");
    assert!(status.message().contains("100 orders"), "{status:?}");
    assert_eq!(bench.get(&ticket.id).await.orders.len(), 100);
    bench.go_by(&ticket, Verb::Cancel, LEAD).await;
}

#[tokio::test]
async fn a_ticket_that_cannot_be_read_fails_its_own_caller_alone() {
    let bench = Bench::start().await;
    let mut tickets = Vec::new();
    for _ in 0..8 {
        tickets.push(bench.reported().await);
    }
    // As written by a release that knows one more source.
    sqlx::query("update ticket set source = 99 where id = $1::uuid")
        .bind(&tickets[0].id)
        .execute(&bench.database.background)
        .await
        .unwrap();
    for _ in 0..8 {
        let reads = tickets.iter().map(|ticket| {
            let mut client = bench.leader.clone();
            async move { get(&mut client, &ticket.id).await }
        });
        let read = futures::future::join_all(reads).await;
        // Refused, since the verb is not legal in this state.
        let acts = tickets.iter().map(|ticket| {
            let (client, id) = (bench.dispatcher.clone(), request_id());
            async move { act_as(client, &ticket.id, Verb::Pass, "", &id, "").await }
        });
        let acted = futures::future::join_all(acts).await;
        assert_eq!(reason(read[0].as_ref().unwrap_err()), "INTERNAL");
        assert_eq!(reason(acted[0].as_ref().unwrap_err()), "INTERNAL");
        for (read, acted) in read.iter().zip(&acted).skip(1) {
            read.as_ref().unwrap();
            assert_eq!(reason(acted.as_ref().unwrap_err()), "STATE_CONFLICT");
        }
    }
}
