//! Concurrent writes to one ticket.

use futures::future::join_all;
use tonic::Code;
use wangge_api::tickets::v1::TicketState;
use wangge_testkit::{reason, retry_after};

use crate::{Bench, LEAD, Verb, act_as, order_of, request_id};

#[tokio::test]
async fn an_old_etag_is_refused() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    let file = |etag: String| {
        let (client, id) = (bench.dispatcher.clone(), ticket.id.clone());
        async move { act_as(client, &id, Verb::File, "", &request_id(), &etag).await }
    };
    let status = file("0".into()).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    assert_eq!(retry_after(&status), None);
    let filed = file(ticket.etag.clone()).await.unwrap();
    assert_ne!(filed.etag, ticket.etag);
    let dispatcher = bench.dispatcher.clone();
    let status = act_as(
        dispatcher,
        &ticket.id,
        Verb::Dispatch,
        "",
        &request_id(),
        &ticket.etag,
    )
    .await;
    assert_eq!(reason(&status.unwrap_err()), "ETAG_MISMATCH");
    assert_eq!(bench.get(&ticket.id).await, filed);
}

#[tokio::test]
async fn of_twenty_writers_one_wins() {
    let bench = Bench::start().await;
    for round in 0..5 {
        let ticket = bench.reported().await;
        let calls = (0..20).map(|number| {
            let verb = if number % 2 == 0 {
                Verb::File
            } else {
                Verb::Decline
            };
            bench.act(&ticket.id, verb, "", LEAD)
        });
        let answers = join_all(calls).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        for status in lost.into_iter().map(Result::unwrap_err) {
            let expected = match reason(&status).as_str() {
                "STATE_CONFLICT" => Code::FailedPrecondition,
                "CONCURRENT_CHANGE" => Code::Aborted,
                other => panic!("{other}"),
            };
            assert_eq!(status.code(), expected);
        }
        let after = bench.get(&ticket.id).await;
        assert_eq!(after, *won[0].as_ref().unwrap());
        assert!(matches!(
            after.state(),
            TicketState::PendingDispatch | TicketState::Declined
        ));
        assert!(
            bench
                .history(&ticket.id)
                .await
                .iter()
                .map(|line| line.revision)
                .eq(1..=2)
        );
        let events = bench.events_of(&ticket.id, 2).await;
        assert!(events.iter().map(|event| event.revision).eq(1..=2));
    }
}

#[tokio::test]
async fn writers_who_all_may_write_one_after_another() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let ticket = bench.go(&ticket, Verb::Accept).await;
    let order = order_of(&ticket, LEAD);
    let calls = (0..20).map(|_| bench.act(&ticket.id, Verb::Assign, &order, LEAD));
    let answers = join_all(calls).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(!won.is_empty());
    for status in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Aborted, "CONCURRENT_CHANGE")
        );
        assert!(retry_after(&status).is_some());
    }
    let after = bench.get(&ticket.id).await;
    let count = i64::try_from(won.len()).unwrap();
    assert_eq!(after.revision, ticket.revision + count);
    let mut revisions: Vec<_> = won
        .into_iter()
        .map(|ticket| ticket.unwrap().revision)
        .collect();
    revisions.sort_unstable();
    assert!(
        revisions
            .into_iter()
            .eq(ticket.revision + 1..=after.revision)
    );
    let history = bench.history(&ticket.id).await;
    assert!(
        history
            .iter()
            .map(|line| line.revision)
            .eq(1..=after.revision)
    );
    let events = bench.events_of(&ticket.id, history.len()).await;
    assert!(
        events
            .iter()
            .map(|event| event.revision)
            .eq(1..=after.revision)
    );
}
