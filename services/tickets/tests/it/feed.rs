//! The service's feed: complete, in order, resumable.

use std::collections::HashMap;

use futures::{FutureExt as _, future::join_all};
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    events::v1::{
        Event, SubscribeRequest, SubscribeResponse, TicketChanged, WithheldCause, event::Payload,
        feed_service_client::FeedServiceClient,
    },
    policy::Role,
    refusal::Reason,
    tickets::v1::Ticket,
};
use wangge_outbox::{
    CommitNotifier, NewEvent, Sequencer, append, event::MAX_PAYLOAD, position::Position,
};
use wangge_pg::{request, transact};
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

/// Reads events up to and including the first of a record.
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

/// Returns a token of the older format, without an event id.
fn older(feed_id: Uuid, number: i64) -> String {
    let mark = None;
    Position {
        feed_id,
        number,
        mark,
    }
    .token()
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
    // Its number in the outbox is higher than the late one's.
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
    // A reader that resumes with the token receives just that event.
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
    // Test databases are copies of one template, and so are their feed ids.
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
    let status = refused(&bench, &older(feed_id, 4)).await;
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::OutOfRange, "FEED_TOKEN_UNKNOWN")
    );
    assert!(bench.feed(&older(feed_id, 3)).await.is_empty());
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
            // After the event of the duty list's entry.
            ids
        }
    };
    let duty = 1;
    let both = [first.id.clone(), second.id.clone()];
    assert_eq!(read(Role::Service, "", "").await[duty..], both);
    assert_eq!(read(Role::Service, "", COMMUNITY).await[duty..], both);
    assert_eq!(read(Role::Service, "", GRID).await, both[..1]);
    assert_eq!(read(Role::Leader, OTHER_GRID, "").await, both[1..]);
    // Requesting more than the own area doesn't widen the scope.
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

/// Deletes the latest events, as a failover to a lagging standby does.
pub(crate) async fn lose(bench: &Bench, count: i64) {
    sqlx::query(
        "with moved as (update feed set last_position = last_position - $1 returning last_position) \
         delete from outbox using moved where position > moved.last_position",
    )
    .bind(count)
    .execute(&bench.database.feed)
    .await
    .unwrap();
}

fn assert_unknown(status: &Status) {
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::OutOfRange, "FEED_TOKEN_UNKNOWN")
    );
}

#[tokio::test]
async fn a_token_of_a_lost_history_is_refused_for_good() {
    let bench = Bench::start().await;
    for _ in 0..7 {
        bench.reported().await;
    }
    let before = bench.events(10).await;
    let known = before.last().unwrap().token.clone();
    lose(&bench, 5).await;
    assert_unknown(&refused(&bench, &known).await);
    for _ in 0..6 {
        bench.reported().await;
    }
    // The feed has grown beyond the token's position.
    let now = bench.events(11).await;
    assert_eq!(now[..5], before[..5]);
    for lost in &before[5..] {
        assert_unknown(&refused(&bench, &lost.token).await);
    }
    // Events before the loss can be resumed from, with tokens of either format.
    assert_eq!(bench.feed(&before[4].token).await, now[5..]);
    let older = older(feed_id(&bench).await, 5);
    assert!(before[4].token.starts_with(&older));
    assert_eq!(bench.feed(&older).await, now[5..]);
}

#[tokio::test]
async fn streams_end_when_the_feed_goes_back() {
    let bench = Bench::start().await;
    for _ in 0..3 {
        bench.reported().await;
    }
    let events = bench.events(6).await;
    let mut messages = follow(&bench, &events[5].token).await;
    let first = messages.message().await.unwrap().unwrap();
    assert_eq!(first.checkpoint_token, events[5].token);
    lose(&bench, 2).await;
    for _ in 0..3 {
        bench.reported().await;
    }
    let ended = async {
        loop {
            match messages.message().await {
                Ok(message) => assert!(message.unwrap().events.is_empty()),
                Err(status) => return status,
            }
        }
    };
    assert_unknown(&tokio::time::timeout(HANG_TIMEOUT, ended).await.unwrap());
}

/// Inserts numbered events of an area into the feed.
async fn fill(bench: &Bench, count: i64, area: &str, payload: &str) {
    sqlx::query(
        "with start as (select last_position from feed), events as (
             insert into outbox (position, event_id, record_id, revision, area_code, occurred_time,
                 recorded_time, imported, traceparent, payload)
             select last_position + number, gen_random_uuid(), gen_random_uuid(), 1, $2, now(),
                 now(), false, '', $3::text::bytea
             from start, generate_series(1, $1::bigint) number
         )
         update feed set last_position = last_position + $1::bigint",
    )
    .bind(count)
    .bind(area)
    .bind(payload)
    .execute(&bench.database.feed)
    .await
    .unwrap();
}

pub(crate) fn reader_of(
    bench: &Bench,
    area: &str,
) -> FeedServiceClient<wangge_client::ServiceChannel> {
    let token = token(&[Role::Leader], Some(area), None);
    FeedServiceClient::new(stream_channel(&bench.url, &token))
}

#[tokio::test]
async fn a_reader_of_an_area_walks_past_what_it_may_not_see_with_checkpoints() {
    let bench = Bench::start().await;
    bench.events(3).await;
    fill(&bench, 45_000, FOREIGN, "").await;
    let mut reader = reader_of(&bench, COMMUNITY);
    let mut messages = reader
        .subscribe(SubscribeRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut tokens = Vec::new();
    while let Some(message) = messages.message().await.unwrap() {
        assert!(
            message
                .events
                .iter()
                .all(|event| event.district_code.is_empty() || event.district_code == "320402")
        );
        tokens.push(message.checkpoint_token);
    }
    tokens.dedup();
    assert!(tokens.len() > 2, "{tokens:?}");
    // A reader can resume after an event that it can't see, but not if another event has
    // taken the position.
    let end = tokens.last().unwrap().clone();
    let ticket = bench.reported().await;
    bench.events_of(&ticket.id, 1).await;
    let request = |token: &str| SubscribeRequest {
        after_token: token.to_owned(),
        ..SubscribeRequest::default()
    };
    let mut messages = reader.subscribe(request(&end)).await.unwrap().into_inner();
    let events = until(&mut messages, &ticket.id).await;
    assert_eq!(events.len(), 1);
    lose(&bench, 2).await;
    fill(&bench, 2, FOREIGN, "").await;
    assert_unknown(&reader.subscribe(request(&end)).await.unwrap_err());
}

#[tokio::test]
async fn an_event_that_cannot_be_sent_does_not_stop_the_feed() {
    let bench = Bench::start().await;
    bench.events(3).await;
    fill(&bench, 1, COMMUNITY, "\\xffff").await;
    let large = format!("\\x{}", "00".repeat(4 * 1024 * 1024));
    fill(&bench, 1, COMMUNITY, &large).await;
    let ticket = bench.reported().await;
    let events = bench.events(6).await;
    let withheld = |number: usize| match &events[number].payload {
        Some(Payload::PayloadWithheld(withheld)) => (withheld.cause(), withheld.byte_count),
        other => panic!("{other:?}"),
    };
    assert_eq!(withheld(3), (WithheldCause::Unreadable, 2));
    assert_eq!(withheld(4), (WithheldCause::TooLarge, 4 * 1024 * 1024));
    assert!(events[3..5].iter().all(|event| event.revision == 1));
    assert_eq!(events[5].record_id, ticket.id);
    assert_eq!(bench.feed(&events[3].token).await, events[4..]);
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_where_it_is_written() {
    let bench = Bench::start().await;
    let event = NewEvent {
        record_id: Uuid::now_v7(),
        revision: 1,
        area_code: COMMUNITY.into(),
        occurred_time: bench.clock.now(),
        recorded_time: bench.clock.now(),
        imported: false,
        payload: Payload::TicketChanged(TicketChanged {
            category_code: "0".repeat(MAX_PAYLOAD),
            ..TicketChanged::default()
        }),
    };
    let refused = transact(&bench.database.background, &[], move |tx| {
        async move { append(tx, &event).await }.boxed()
    })
    .await
    .unwrap_err();
    assert_eq!(refused.reason, Reason::Internal);
    bench.events(3).await;
}

#[tokio::test]
async fn a_caller_has_so_many_streams_and_a_service_has_its_own() {
    let bench = Bench::start().await;
    bench.events(3).await;
    let request = SubscribeRequest {
        follow: true,
        ..SubscribeRequest::default()
    };
    let mut reader = reader_of(&bench, COMMUNITY);
    let mut open = Vec::new();
    let refused = loop {
        assert!(open.len() < 100);
        match reader.subscribe(request.clone()).await {
            Ok(stream) => open.push(stream),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "OVERLOADED")
    );
    assert!(wangge_testkit::retry_after(&refused).is_some());
    assert_eq!(bench.feed("").await.len(), 3);
    // A reader that disconnects frees its slot.
    open.pop();
    eventually(|| {
        let mut reader = reader.clone();
        let request = request.clone();
        async move { reader.subscribe(request).await.ok() }
    })
    .await;
}

/// Slow readers leave connections for other calls.
#[tokio::test]
async fn readers_do_not_hold_the_connections_of_the_platforms_own() {
    let bench = Bench::start().await;
    bench.events(3).await;
    let mut held = bench.database.background.begin().await.unwrap();
    sqlx::query("lock table feed in access exclusive mode")
        .execute(&mut *held)
        .await
        .unwrap();
    let subscribe = |mut reader: FeedServiceClient<wangge_client::ServiceChannel>| {
        tokio::spawn(async move { reader.subscribe(SubscribeRequest::default()).await })
    };
    let others: Vec<_> = (0..6)
        .map(|_| subscribe(reader_of(&bench, COMMUNITY)))
        .collect();
    let waiting = async |count: i64| {
        let now: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
             and datname = current_database() and query like 'select feed_id, last_position from feed'",
        )
        .fetch_one(&bench.database.calls)
        .await
        .unwrap();
        (now == count).then_some(())
    };
    eventually(|| waiting(2)).await;
    let own = subscribe(bench.reader());
    eventually(|| waiting(3)).await;
    held.rollback().await.unwrap();
    own.await.unwrap().unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn events_are_numbered_while_old_request_ids_wait_to_be_forgotten() {
    let database = wangge_testkit::database(&wangge_tickets::MIGRATOR).await;
    let mut held = database.calls.begin().await.unwrap();
    sqlx::query("lock table request in access exclusive mode")
        .execute(&mut *held)
        .await
        .unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(Sequencer::new(database.background.clone(), CommitNotifier::default()).run(stop));
    eventually(|| async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
             and datname = current_database() and query like 'delete from request%'",
        )
        .fetch_one(&database.calls)
        .await
        .unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, traceparent, payload) \
         values (gen_random_uuid(), gen_random_uuid(), 1, '', now(), now(), false, '', '')",
    )
    .execute(&database.calls)
    .await
    .unwrap();
    eventually(|| async {
        let end: i64 = sqlx::query_scalar("select last_position from feed")
            .fetch_one(&database.calls)
            .await
            .unwrap();
        (end == 1).then_some(())
    })
    .await;
    held.rollback().await.unwrap();
}

/// The clock of these tests is set to 2022, as a replica's clock may be wrong.
#[tokio::test]
async fn request_ids_are_remembered_by_the_clock_of_the_database() {
    let bench = Bench::start().await;
    bench.reported().await;
    let pool = &bench.database.background;
    assert_eq!(request::forget_old(pool).await.unwrap(), 0);
    let kept: i64 = sqlx::query_scalar("select count(*) from request")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(kept, 4);
    sqlx::query(
        "update request set recorded_time = now() - interval '49 h' \
         where record_id in (select id from ticket)",
    )
    .execute(pool)
    .await
    .unwrap();
    assert_eq!(request::forget_old(pool).await.unwrap(), 1);
    assert_eq!(request::forget_old(pool).await.unwrap(), 0);
}
