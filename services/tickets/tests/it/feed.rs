//! The feed of the service: whole, in order, resumable.

use std::collections::HashMap;

use futures::{FutureExt as _, future::join_all};
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    events::v1::{
        Event, SubscribeRequest, SubscribeResponse, feed_service_client::FeedServiceClient,
    },
    policy::Role,
    tickets::v1::Ticket,
};
use wangge_outbox::position::Position;
use wangge_testkit::{HANG_TIMEOUT, eventually, fields, reason, stream_channel, token};

use crate::{Bench, COMMUNITY, FOREIGN, GRID, LEAD, NEIGHBOUR, OTHER_GRID, Verb, order_of, report};

type Messages = tonic::Streaming<SubscribeResponse>;

async fn follow(bench: &Bench, after: &str) -> Messages {
    let request = SubscribeRequest {
        after_token: after.into(),
        follow: true,
        ..Default::default()
    };
    bench
        .reader()
        .subscribe(request)
        .await
        .unwrap()
        .into_inner()
}

/// Events up to and with the first of a record.
async fn until(messages: &mut Messages, record_id: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    while !events.iter().any(|event| event.record_id == record_id) {
        let message = tokio::time::timeout(HANG_TIMEOUT, messages.message()).await;
        events.extend(message.unwrap().unwrap().unwrap().events);
    }
    events
}

async fn refused(bench: &Bench, after: &str) -> Status {
    let request = SubscribeRequest {
        after_token: after.into(),
        ..Default::default()
    };
    bench.reader().subscribe(request).await.unwrap_err()
}

async fn feed_id(bench: &Bench) -> Uuid {
    sqlx::query_scalar("select feed_id from feed")
        .fetch_one(&bench.database.feed)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_event_that_is_committed_late_is_neither_lost_nor_repeated() {
    let bench = Bench::start().await;
    let mut messages = follow(&bench, "").await;
    let late = Uuid::now_v7();
    let mut transaction = bench.database.background.begin().await.unwrap();
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, traceparent, payload) \
         values (gen_random_uuid(), $1, 1, '', now(), now(), false, '', '')",
    )
    .bind(late)
    .execute(&mut *transaction)
    .await
    .unwrap();
    // Its number in the outbox is behind the late one's.
    let ticket = bench.reported().await;
    let before = until(&mut messages, &ticket.id).await;
    assert!(
        before
            .iter()
            .all(|event| event.record_id != late.to_string())
    );
    let token = before.last().unwrap().token.clone();
    transaction.commit().await.unwrap();
    let after = until(&mut messages, &late.to_string()).await;
    assert_eq!(after.len(), 1);
    // A reader that comes back with the token gets just that one.
    assert_eq!(bench.feed(&token).await, after);
    assert_eq!(bench.feed("").await, [before, after].concat());
}

#[tokio::test]
async fn an_event_that_is_rolled_back_leaves_no_gap() {
    let bench = Bench::start().await;
    let mut transaction = bench.database.background.begin().await.unwrap();
    sqlx::query("select nextval(pg_get_serial_sequence('outbox', 'sequence'))")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    let ticket = bench.reported().await;
    bench.events_of(&ticket.id, 1).await;
    let positions: Vec<i64> = sqlx::query_scalar("select position from outbox order by position")
        .fetch_all(&bench.database.feed)
        .await
        .unwrap();
    assert_eq!(positions, [1, 2, 3, 4]);
}

#[tokio::test]
async fn events_of_a_record_come_in_order_however_many_write() {
    let bench = Bench::start().await;
    let mut tickets = Vec::new();
    for _ in 0..6 {
        let ticket = bench.dispatched().await;
        tickets.push(bench.go(&ticket, Verb::Accept).await);
    }
    let mut messages = follow(&bench, "").await;
    let assign = |ticket: &Ticket| {
        let order = order_of(ticket, LEAD);
        let (bench, id) = (&bench, ticket.id.clone());
        async move { bench.act(&id, Verb::Assign, &order, LEAD).await.is_ok() }.boxed()
    };
    let calls = (0..10).flat_map(|_| tickets.iter().map(assign));
    assert!(join_all(calls).await.into_iter().any(|won| won));
    let mut wanted = HashMap::new();
    for ticket in &tickets {
        wanted.insert(ticket.id.clone(), bench.get(&ticket.id).await.revision);
    }
    let mut told: HashMap<String, i64> = HashMap::new();
    while !wanted
        .iter()
        .all(|(id, revision)| told.get(id) == Some(revision))
    {
        let message = tokio::time::timeout(HANG_TIMEOUT, messages.message()).await;
        for event in message.unwrap().unwrap().unwrap().events {
            let last = told.entry(event.record_id).or_default();
            assert_eq!(event.revision, *last + 1);
            *last = event.revision;
        }
    }
}

#[tokio::test]
async fn a_reader_resumes_at_any_token() {
    let bench = Bench::start().await;
    for _ in 0..5 {
        bench.reported().await;
    }
    let events = bench.events(8).await;
    for (number, event) in events.iter().enumerate() {
        assert_eq!(bench.feed(&event.token).await, events[number + 1..]);
    }
    let request = SubscribeRequest::default();
    let mut messages = bench
        .reader()
        .subscribe(request)
        .await
        .unwrap()
        .into_inner();
    let mut last = None;
    while let Some(message) = messages.message().await.unwrap() {
        last = Some(message);
    }
    let checkpoint = last.unwrap().checkpoint_token;
    assert!(bench.feed(&checkpoint).await.is_empty());
    let ticket = bench.reported().await;
    bench.events_of(&ticket.id, 1).await;
    assert_eq!(bench.feed(&checkpoint).await[0].record_id, ticket.id);
}

#[tokio::test]
async fn tokens_that_are_none_are_refused() {
    let (bench, other) = tokio::join!(Bench::start(), Bench::start());
    // Databases of tests are copies of one, and so are their feeds' ids.
    sqlx::query("update feed set feed_id = gen_random_uuid()")
        .execute(&other.database.feed)
        .await
        .unwrap();
    let foreign = other.events(3).await.pop().unwrap().token;
    for token in [foreign.as_str(), "x", "☃", "AAAA"] {
        let status = refused(&bench, token).await;
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "FEED_TOKEN_INVALID")
        );
        assert_eq!(fields(&status), ["after_token"]);
    }
    bench.events(3).await;
    let feed_id = feed_id(&bench).await;
    let status = refused(&bench, &Position { feed_id, number: 4 }.token()).await;
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::OutOfRange, "FEED_TOKEN_UNKNOWN")
    );
    assert!(
        bench
            .feed(&Position { feed_id, number: 3 }.token())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn readers_get_what_lies_in_their_area() {
    let bench = Bench::start().await;
    let first = bench.reported().await;
    let second = bench
        .report(Ticket {
            area_code: OTHER_GRID.into(),
            ..report()
        })
        .await
        .unwrap();
    bench.events(5).await;
    let read = |role, own: &str, area: &str| {
        let token = token(&[role], Some(own), None);
        let mut client = FeedServiceClient::new(stream_channel(&bench.url, &token));
        let request = SubscribeRequest {
            area_code: area.into(),
            ..Default::default()
        };
        async move {
            let mut messages = client.subscribe(request).await.unwrap().into_inner();
            let mut ids = Vec::new();
            while let Some(message) = messages.message().await.unwrap() {
                let tickets = message
                    .events
                    .into_iter()
                    .filter(|event| !event.district_code.is_empty());
                ids.extend(tickets.map(|event| event.record_id));
            }
            // Behind the entry of the duty list.
            ids
        }
    };
    let duty = 1;
    let both = [first.id.clone(), second.id.clone()];
    assert_eq!(read(Role::Service, "", "").await[duty..], both);
    assert_eq!(read(Role::Service, "", COMMUNITY).await[duty..], both);
    assert_eq!(read(Role::Service, "", GRID).await, both[..1]);
    assert_eq!(read(Role::Leader, OTHER_GRID, "").await, both[1..]);
    // Asking for more than one's own widens nothing.
    assert_eq!(read(Role::Leader, OTHER_GRID, "320402").await, both[1..]);
    assert!(read(Role::Leader, OTHER_GRID, GRID).await.is_empty());
    assert!(read(Role::Leader, NEIGHBOUR, "").await.is_empty());
    assert!(read(Role::Service, "", FOREIGN).await.is_empty());
    let token = token(&[Role::Staff], Some(""), None);
    let mut client = FeedServiceClient::new(stream_channel(&bench.url, &token));
    let status = client
        .subscribe(SubscribeRequest::default())
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
}

#[tokio::test]
async fn silence_is_broken_by_checkpoints() {
    let bench = Bench::start().await;
    let events = bench.events(3).await;
    let mut messages = follow(&bench, &events[2].token).await;
    let mut checkpoints = Vec::new();
    for _ in 0..2 {
        let message = tokio::time::timeout(HANG_TIMEOUT, messages.message()).await;
        let message = message.unwrap().unwrap().unwrap();
        assert!(message.events.is_empty());
        checkpoints.push(message.checkpoint_token);
    }
    assert_eq!(checkpoints, vec![events[2].token.clone(); 2]);
    let ticket = bench.reported().await;
    assert_eq!(until(&mut messages, &ticket.id).await.len(), 1);
}

#[tokio::test]
async fn an_event_is_told_to_a_reader_that_waits() {
    let bench = Bench::start().await;
    let mut messages = follow(&bench, &bench.events(3).await[2].token).await;
    messages.message().await.unwrap();
    let ticket = bench.reported().await;
    until(&mut messages, &ticket.id).await;
    eventually(|| async { bench.feed("").await.len().eq(&4).then_some(()) }).await;
}
