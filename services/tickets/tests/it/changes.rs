//! Where a reader of the feed begins, which kinds of events it asks for, and the same
//! events as pages.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use prost::Message as _;
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    events::v1::{
        Event, ListEventsRequest, ListEventsResponse, RecordChanged, SubscribeRequest,
        SubscribeResponse, event::Payload, feed_service_client::FeedServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_testkit::{HANG_TIMEOUT, eventually, fields, reason};

use crate::{
    Bench, COMMUNITY, FOREIGN, GRID, NEIGHBOUR, OTHER_GRID,
    feed::{lose, reader_of},
    report,
};

type Reader = FeedServiceClient<ServiceChannel>;
type Messages = tonic::Streaming<SubscribeResponse>;

async fn subscribe(mut reader: Reader, request: SubscribeRequest) -> Messages {
    reader.subscribe(request).await.unwrap().into_inner()
}

async fn next(messages: &mut Messages) -> SubscribeResponse {
    let message = tokio::time::timeout(HANG_TIMEOUT, messages.message()).await;
    message.unwrap().unwrap().unwrap()
}

/// Reads a stream that ends: its events, and the tokens of its messages.
async fn read(reader: Reader, request: SubscribeRequest) -> (Vec<Event>, Vec<String>) {
    let mut messages = subscribe(reader, request).await;
    let (mut events, mut tokens) = (Vec::new(), Vec::new());
    while let Some(message) = messages.message().await.unwrap() {
        events.extend(message.events);
        tokens.push(message.checkpoint_token);
    }
    (events, tokens)
}

fn after(token: &str) -> SubscribeRequest {
    SubscribeRequest {
        after_token: token.to_owned(),
        ..SubscribeRequest::default()
    }
}

fn of_kinds(kinds: &[&str]) -> SubscribeRequest {
    SubscribeRequest {
        kinds: kinds.iter().copied().map(str::to_owned).collect(),
        ..SubscribeRequest::default()
    }
}

fn since(time: DateTime<Utc>) -> SubscribeRequest {
    SubscribeRequest {
        start_time: Some(timestamp(time)),
        ..SubscribeRequest::default()
    }
}

/// Requests all pages of a list.
async fn pages(mut reader: Reader, request: &ListEventsRequest) -> Vec<ListEventsResponse> {
    let mut pages: Vec<ListEventsResponse> = Vec::new();
    loop {
        let page_token = pages.last().map(|page| page.next_page_token.clone());
        let request = ListEventsRequest {
            page_token: page_token.unwrap_or_default(),
            ..request.clone()
        };
        pages.push(reader.list_events(request).await.unwrap().into_inner());
        if pages[pages.len() - 1].next_page_token.is_empty() {
            return pages;
        }
    }
}

/// Requests a list: its events, and the token after it.
async fn list(reader: Reader, request: &ListEventsRequest) -> (Vec<Event>, String) {
    let mut pages = pages(reader, request).await;
    let token = pages[pages.len() - 1].checkpoint_token.clone();
    let events = pages.iter_mut().flat_map(|page| page.events.drain(..));
    (events.collect(), token)
}

/// Appends numbered events to the feed, one for each time in minutes after the bench's own.
async fn record(bench: &Bench, area: &str, kind: Option<&str>, minutes: &[i32]) {
    let payload = Event {
        payload: Some(Payload::RecordChanged(RecordChanged {
            kind: kind.unwrap_or("patrol").to_owned(),
            ..RecordChanged::default()
        })),
        ..Event::default()
    };
    sqlx::query(
        "with start as (select last_position from feed), events as (
             insert into outbox (position, event_id, record_id, revision, area_code, occurred_time,
                 recorded_time, imported, traceparent, payload, kind)
             select last_position + place, gen_random_uuid(), gen_random_uuid(), 1, $1, $2,
                 $2 + minute * interval '1 min', false, '', $3, $4
             from start, unnest($5::integer[]) with ordinality as given (minute, place)
         )
         update feed set last_position = last_position + cardinality($5)",
    )
    .bind(area)
    .bind(bench.clock.now())
    .bind(payload.encode_to_vec())
    .bind(kind)
    .bind(minutes)
    .execute(&bench.database.feed)
    .await
    .unwrap();
}

/// Returns the minute at which events that [`record`] appended were recorded.
fn minutes(bench: &Bench, events: &[Event]) -> Vec<i64> {
    let start = bench.clock.now().timestamp();
    let minute = |event: &Event| (event.recorded_time.unwrap().seconds - start) / 60;
    events.iter().map(minute).collect()
}

fn minute(bench: &Bench, minute: i64) -> DateTime<Utc> {
    bench.clock.now() + Duration::minutes(minute)
}

/// Waits until the times of `count` blocks are stored.
async fn blocks(bench: &Bench, count: i64) {
    eventually(|| async {
        let now: i64 = sqlx::query_scalar("select count(*) from feed_block")
            .fetch_one(&bench.database.feed)
            .await
            .unwrap();
        (now == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reader_from_now_on_misses_nothing_that_is_written_meanwhile() {
    let bench = Bench::start().await;
    bench.reported().await;
    bench.events(4).await;
    let request = SubscribeRequest {
        from_now: true,
        follow: true,
        ..SubscribeRequest::default()
    };
    // Some are written before, while and after the streams begin.
    let write = async || {
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(bench.reported().await.id);
        }
        ids
    };
    let begin = async || {
        let mut messages = subscribe(bench.reader(), request.clone()).await;
        let first = next(&mut messages).await;
        assert!(first.events.is_empty());
        // Everything that is written after the first message must come.
        let mine = bench.reported().await.id;
        let mut events = Vec::new();
        while !events.iter().any(|event: &Event| event.record_id == mine) {
            events.extend(next(&mut messages).await.events);
        }
        (first.checkpoint_token, events)
    };
    let (_, begun) = tokio::join!(
        join_all((0..4).map(|_| write())),
        join_all((0..6).map(|_| begin())),
    );
    for (token, events) in begun {
        let fed = bench.feed(&token).await;
        assert_eq!(fed[..events.len()], events);
    }
}

#[tokio::test]
async fn a_reader_from_now_on_begins_with_the_token_of_the_end() {
    let bench = Bench::start().await;
    let events = bench.events(3).await;
    let request = SubscribeRequest {
        from_now: true,
        ..SubscribeRequest::default()
    };
    // Without following, this is how to get a token.
    let (none, tokens) = read(bench.reader(), request.clone()).await;
    assert_eq!(
        (none.len(), &tokens[..]),
        (0, &[events[2].token.clone()][..])
    );
    let empty = Bench::start_empty().await;
    let (none, tokens) = read(empty.reader(), request).await;
    assert_eq!((none.len(), tokens.len()), (0, 1));
    empty.furnish().await;
    let all = empty.events(3).await;
    assert_eq!(empty.feed(&tokens[0]).await, all);
}

#[tokio::test]
async fn a_reader_from_a_time_begins_with_the_first_event_recorded_since() {
    let bench = Bench::start().await;
    bench.events(3).await;
    bench.clock.advance(Duration::hours(1));
    // The third and the last are recorded earlier than what precedes them.
    record(&bench, COMMUNITY, Some("patrol"), &[10, 30, 20, 30, 40, 35]).await;
    let all = bench.events(9).await;
    let from = async |time| {
        let (events, tokens) = read(bench.reader(), since(time)).await;
        // The first message is a checkpoint at the beginning.
        assert_eq!(bench.feed(&tokens[0]).await, events);
        minutes(&bench, &events)
    };
    for (time, expected) in [
        (9, &[10, 30, 20, 30, 40, 35][..]),
        (10, &[10, 30, 20, 30, 40, 35]),
        (11, &[30, 20, 30, 40, 35]),
        (20, &[30, 20, 30, 40, 35]),
        (30, &[30, 20, 30, 40, 35]),
        (31, &[40, 35]),
        (40, &[40, 35]),
        (41, &[]),
    ] {
        assert_eq!(from(minute(&bench, time)).await, expected, "{time}");
    }
    let microsecond = Duration::microseconds(1);
    assert_eq!(from(minute(&bench, 40) + microsecond).await, [0_i64; 0]);
    assert_eq!(from(minute(&bench, 40) - microsecond).await, [40, 35]);
    let (events, _) = read(bench.reader(), since(DateTime::UNIX_EPOCH)).await;
    assert_eq!(events, all);
    // A time in the future begins now: nothing is held back until then.
    let request = SubscribeRequest {
        follow: true,
        ..since(minute(&bench, 100_000))
    };
    let mut messages = subscribe(bench.reader(), request).await;
    let first = next(&mut messages).await;
    assert_eq!(first.checkpoint_token, all[8].token);
    record(&bench, COMMUNITY, Some("patrol"), &[5]).await;
    let mut events = first.events;
    while events.is_empty() {
        events = next(&mut messages).await.events;
    }
    assert_eq!(minutes(&bench, &events), [5]);
}

/// Blocks that are closed, being closed and not yet complete lead to the same position as
/// a look at every event.
#[tokio::test]
async fn a_time_is_found_exactly_in_a_long_feed() {
    let bench = Bench::start().await;
    bench.events(3).await;
    bench.clock.advance(Duration::hours(1));
    // Mostly increasing; every 97th is far behind its neighbours, and one far ahead.
    let times: Vec<i32> = (0..4_500)
        .map(|place| match place {
            2_700 => 3_000,
            place if place % 97 == 0 => place / 2,
            place => place,
        })
        .collect();
    record(&bench, COMMUNITY, Some("patrol"), &times).await;
    for closed in [0, 4] {
        if closed > 0 {
            blocks(&bench, closed).await;
        }
        for time in [
            0, 1, 900, 996, 997, 998, 1_996, 2_699, 2_700, 2_999, 3_000, 3_001, 4_499,
        ] {
            let request = since(minute(&bench, time));
            let mut messages = subscribe(bench.reader(), request).await;
            next(&mut messages).await;
            let first = next(&mut messages).await.events.swap_remove(0);
            let expected: Uuid = sqlx::query_scalar(
                "select event_id from outbox where recorded_time >= $1 and position > 3 \
                 order by position limit 1",
            )
            .bind(minute(&bench, time))
            .fetch_one(&bench.database.feed)
            .await
            .unwrap();
            assert_eq!(first.event_id, expected.to_string(), "{time}");
        }
    }
    // What has come since the last block is found as well.
    record(&bench, COMMUNITY, Some("patrol"), &[5_000]).await;
    let (events, _) = read(bench.reader(), since(minute(&bench, 4_500))).await;
    assert_eq!(minutes(&bench, &events), [5_000]);
}

#[tokio::test]
async fn a_reader_of_kinds_gets_these_and_checkpoints_past_the_rest() {
    let bench = Bench::start().await;
    let first = bench.reported().await;
    bench.events(4).await;
    record(&bench, COMMUNITY, Some("patrol"), &vec![0; 45_000]).await;
    let second = bench.reported().await;
    bench.events_of(&second.id, 1).await;
    let of_tickets = of_kinds(&["ticket"]);
    let (events, tokens) = read(bench.reader(), of_tickets.clone()).await;
    let ids: Vec<&str> = events
        .iter()
        .map(|event| event.record_id.as_str())
        .collect();
    assert_eq!(ids, [&first.id, &second.id]);
    assert!(events.iter().all(|event| event.kind == "ticket"));
    let distinct: BTreeSet<&String> = tokens.iter().collect();
    assert!(distinct.len() >= 3, "{tokens:?}");
    // A checkpoint among events of other kinds resumes the filtered feed and the whole one.
    let among = tokens.iter().find(|token| {
        **token != events[0].token && **token != events[1].token && *token != &tokens[0]
    });
    let resumed = SubscribeRequest {
        after_token: among.unwrap().clone(),
        ..of_tickets
    };
    let (rest, _) = read(bench.reader(), resumed).await;
    assert_eq!(rest, events[1..]);
    let (rest, _) = read(bench.reader(), after(among.unwrap())).await;
    assert!(rest.len() > 1 && rest.len() < 45_001, "{}", rest.len());
    let (both, _) = read(bench.reader(), of_kinds(&["ticket", "responsibility"])).await;
    assert_eq!(both.len(), 3);
}

/// The kind of events from before kinds were stored is in their payload.
#[tokio::test]
async fn a_reader_of_kinds_gets_older_events_too() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    let all = bench.events(4).await;
    sqlx::query("update outbox set kind = null")
        .execute(&bench.database.feed)
        .await
        .unwrap();
    assert_eq!(bench.feed("").await, all);
    record(&bench, COMMUNITY, None, &vec![0; 1_200]).await;
    let (events, tokens) = read(bench.reader(), of_kinds(&["ticket"])).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].record_id, ticket.id);
    let distinct: BTreeSet<&String> = tokens.iter().collect();
    assert!(distinct.len() >= 3, "{tokens:?}");
    let (events, _) = read(bench.reader(), of_kinds(&["patrol"])).await;
    assert_eq!(events.len(), 1_200);
    // An unreadable payload is sent unless its kind is known to be another one.
    for kind in [None, Some("ticket"), Some("patrol")] {
        record(&bench, COMMUNITY, kind, &[0]).await;
        let end = "update outbox set payload = '\\xffff' from feed where position = last_position";
        sqlx::query(end)
            .execute(&bench.database.feed)
            .await
            .unwrap();
    }
    let (events, _) = read(bench.reader(), of_kinds(&["ticket"])).await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["ticket", "", "ticket"]);
}

#[tokio::test]
async fn a_list_has_what_a_stream_sends_and_hands_over_to_it() {
    let bench = Bench::start().await;
    for _ in 0..12 {
        bench.reported().await;
    }
    let before = bench.events(15).await;
    let request = ListEventsRequest {
        page_size: 4,
        ..ListEventsRequest::default()
    };
    let mut reader = bench.reader();
    let (mut listed, mut page_token, mut token) = (Vec::new(), String::new(), String::new());
    // A ticket is reported after each page: none of them is on a later page.
    let mut written = 0;
    while listed.is_empty() || !page_token.is_empty() {
        let request = ListEventsRequest {
            page_token,
            ..request.clone()
        };
        let page = reader.list_events(request).await.unwrap().into_inner();
        assert!(page.events.len() <= 4);
        // Each page can hand over.
        let rest = bench.feed(&page.checkpoint_token).await;
        listed.extend(page.events);
        assert_eq!(rest[..15 - listed.len()], before[listed.len()..]);
        (page_token, token) = (page.next_page_token, page.checkpoint_token);
        let ticket = bench.reported().await;
        bench.events_of(&ticket.id, 1).await;
        written += 1;
    }
    assert_eq!((listed.len(), &listed), (15, &before));
    assert_eq!(written, 4);
    let all = bench.events(19).await;
    let (rest, _) = read(bench.reader(), after(&token)).await;
    assert_eq!(rest, all[15..]);
    // The next list goes on where this one ended.
    let next = ListEventsRequest {
        after_token: token,
        ..request
    };
    let (rest, end) = list(bench.reader(), &next).await;
    assert_eq!(rest, all[15..]);
    assert_eq!(end, all[18].token);
    let (none, again) = list(
        bench.reader(),
        &ListEventsRequest {
            after_token: end.clone(),
            ..next
        },
    )
    .await;
    assert_eq!((none.len(), again), (0, end));
}

/// Lists show a caller exactly what streams do.
#[tokio::test]
async fn a_list_shows_a_caller_what_it_may_see() {
    let bench = Bench::start().await;
    bench.reported().await;
    let elsewhere = report();
    let elsewhere = wangge_api::tickets::v1::Ticket {
        area_code: OTHER_GRID.into(),
        ..elsewhere
    };
    bench.report(elsewhere).await.unwrap();
    bench.events(5).await;
    record(&bench, FOREIGN, Some("ticket"), &[0; 30]).await;
    record(&bench, NEIGHBOUR, Some("patrol"), &[0, 0, 0]).await;
    for own in [
        "", COMMUNITY, GRID, OTHER_GRID, NEIGHBOUR, FOREIGN, "320402",
    ] {
        for area_code in ["", COMMUNITY, OTHER_GRID, FOREIGN] {
            for kinds in [&[][..], &["ticket"], &["patrol", "category"]] {
                let request = SubscribeRequest {
                    area_code: area_code.into(),
                    ..of_kinds(kinds)
                };
                let (sent, _) = read(reader_of(&bench, own), request.clone()).await;
                let request = ListEventsRequest {
                    page_size: 3,
                    area_code: area_code.into(),
                    kinds: request.kinds,
                    ..ListEventsRequest::default()
                };
                let (listed, _) = list(reader_of(&bench, own), &request).await;
                assert_eq!(listed, sent, "{own:?} {request:?}");
            }
        }
    }
    let (all, _) = list(bench.reader(), &ListEventsRequest::default()).await;
    assert_eq!(all.len(), 38);
    let (own, _) = list(reader_of(&bench, GRID), &ListEventsRequest::default()).await;
    assert!(own.len() < 5);
}

fn between(bench: &Bench, from: i64, until: i64) -> ListEventsRequest {
    ListEventsRequest {
        start_time: Some(timestamp(minute(bench, from))),
        end_time: Some(timestamp(minute(bench, until))),
        ..ListEventsRequest::default()
    }
}

#[tokio::test]
async fn a_list_between_times_is_exact_and_its_token_misses_nothing() {
    let bench = Bench::start().await;
    bench.events(3).await;
    bench.clock.advance(Duration::hours(1));
    let times = [10, 30, 20, 30, 50, 40, 60];
    record(&bench, COMMUNITY, Some("patrol"), &times).await;
    let all = bench.events(10).await;
    for (from, until, expected) in [
        (0, 70, &[10, 30, 20, 30, 50, 40, 60][..]),
        (10, 30, &[10, 20]),
        (20, 31, &[30, 20, 30]),
        (30, 50, &[30, 30, 40]),
        (41, 60, &[50]),
        (61, 70, &[]),
        (-5, 10, &[]),
    ] {
        for page_size in [1, 2, 50] {
            let request = ListEventsRequest {
                page_size,
                ..between(&bench, from, until)
            };
            let (events, token) = list(bench.reader(), &request).await;
            assert_eq!(minutes(&bench, &events), expected, "{request:?}");
            // Every event that the list lacks because it is too late follows the token.
            let rest = bench.feed(&token).await;
            let late = all[3..].iter().filter(|event| {
                event.recorded_time.unwrap().seconds >= minute(&bench, until).timestamp()
            });
            for event in late {
                assert!(rest.contains(event), "{request:?} {event:?}");
            }
        }
    }
    // After a token, the next token is never before it.
    let request = ListEventsRequest {
        after_token: all[7].token.clone(),
        end_time: Some(timestamp(minute(&bench, 45))),
        ..ListEventsRequest::default()
    };
    let (events, token) = list(bench.reader(), &request).await;
    assert_eq!(minutes(&bench, &events), [40]);
    assert_eq!(token, all[7].token);
    let (events, token) = list(
        bench.reader(),
        &ListEventsRequest {
            end_time: None,
            ..between(&bench, 45, 0)
        },
    )
    .await;
    assert_eq!(minutes(&bench, &events), [50, 60]);
    assert_eq!(token, all[9].token);
}

/// What a list of old events doesn't show is skipped in blocks, not read.
#[tokio::test]
async fn a_list_of_old_events_ends_soon() {
    let bench = Bench::start().await;
    bench.events(3).await;
    bench.clock.advance(Duration::hours(1));
    let times: Vec<i32> = (0..60_000).map(|place| place / 10).collect();
    record(&bench, COMMUNITY, Some("patrol"), &times).await;
    // The last block has an early event.
    record(&bench, COMMUNITY, Some("patrol"), &[15]).await;
    blocks(&bench, 60).await;
    let pages = pages(bench.reader(), &between(&bench, 10, 20)).await;
    let counts: Vec<usize> = pages.iter().map(|page| page.events.len()).collect();
    // The one in between is of the rest of the times' block.
    assert_eq!(counts, [50, 50, 0, 1]);
    let token = &pages[3].checkpoint_token;
    let (rest, _) = read(bench.reader(), after(token)).await;
    assert_eq!(minutes(&bench, &rest[..1]), [20]);
    // What is skipped doesn't hide that the history of a token was lost.
    let request = ListEventsRequest {
        after_token: token.clone(),
        end_time: Some(timestamp(minute(&bench, 1))),
        ..ListEventsRequest::default()
    };
    let (none, end) = list(bench.reader(), &request).await;
    assert_eq!((none.len(), &end), (0, token));
    sqlx::query("update outbox set event_id = gen_random_uuid() where recorded_time <= $1")
        .bind(minute(&bench, 20))
        .execute(&bench.database.feed)
        .await
        .unwrap();
    let status = bench.reader().list_events(request).await.unwrap_err();
    assert_eq!(reason(&status), "FEED_TOKEN_UNKNOWN");
}

#[tokio::test]
async fn a_page_of_large_events_ends_at_its_bytes() {
    let bench = Bench::start().await;
    bench.events(3).await;
    record(&bench, COMMUNITY, Some("patrol"), &[0; 5]).await;
    sqlx::query("update outbox set payload = payload || $1 where position > 3")
        // A field that readers don't know, of half a megabyte.
        .bind([&[0xfa, 0x3f, 0x80, 0x80, 0x20][..], &vec![0_u8; 512 * 1024]].concat())
        .execute(&bench.database.feed)
        .await
        .unwrap();
    let pages = pages(bench.reader(), &ListEventsRequest::default()).await;
    let counts: Vec<usize> = pages.iter().map(|page| page.events.len()).collect();
    assert_eq!(counts, [5, 2, 1]);
}

#[tokio::test]
async fn a_list_of_a_lost_history_is_refused() {
    let bench = Bench::start().await;
    for _ in 0..7 {
        bench.reported().await;
    }
    let events = bench.events(10).await;
    let request = |page_token: &str, after_token: &str| ListEventsRequest {
        page_size: 4,
        page_token: page_token.to_owned(),
        after_token: after_token.to_owned(),
        ..ListEventsRequest::default()
    };
    let first = bench.reader().list_events(request("", "")).await.unwrap();
    let page_token = first.into_inner().next_page_token;
    lose(&bench, 8).await;
    let refused = async |page_token: &str, after_token: &str| {
        let request = request(page_token, after_token);
        let status = bench.reader().list_events(request).await.unwrap_err();
        (status.code(), reason(&status))
    };
    let unknown = (Code::OutOfRange, "FEED_TOKEN_UNKNOWN".to_owned());
    assert_eq!(refused(&page_token, "").await, unknown);
    assert_eq!(refused("", &events[5].token).await, unknown);
    for _ in 0..9 {
        bench.reported().await;
    }
    bench.events(11).await;
    // The feed is longer than the list again, but has other events.
    assert_eq!(refused(&page_token, "").await, unknown);
    assert_eq!(refused("", &events[5].token).await, unknown);
}

fn invalid(status: &Status) -> (String, Vec<String>) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    (reason(status), fields(status))
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_by_field() {
    let bench = Bench::start().await;
    let token = bench.events(3).await[1].token.clone();
    let time = Some(timestamp(bench.clock.now()));
    let malformed = Some(prost_types::Timestamp {
        seconds: 0,
        nanos: -1,
    });
    let of = of_kinds;
    let base = SubscribeRequest::default;
    for (request, expected) in [
        (
            SubscribeRequest {
                from_now: true,
                ..after(&token)
            },
            &["from_now"][..],
        ),
        (
            SubscribeRequest {
                start_time: time,
                ..after(&token)
            },
            &["start_time"],
        ),
        (
            SubscribeRequest {
                from_now: true,
                start_time: time,
                ..after(&token)
            },
            &["from_now", "start_time"],
        ),
        (
            SubscribeRequest {
                start_time: malformed,
                ..base()
            },
            &["start_time"],
        ),
        (
            of(&["ticket", "tickets", "patrol", "wish"]),
            &["kinds[1]", "kinds[3]"],
        ),
        (of(&["ticket", "Ticket"]), &["kinds[1]"]),
        (of(&[""]), &["kinds[0]"]),
        (of(&["ticket"; 101]), &["kinds"]),
    ] {
        let status = bench.reader().subscribe(request.clone()).await.unwrap_err();
        let expected: Vec<String> = expected.iter().copied().map(str::to_owned).collect();
        assert_eq!(
            invalid(&status),
            ("FIELD_INVALID".to_owned(), expected),
            "{request:?}"
        );
    }
    let base = ListEventsRequest::default;
    let refused = async |request: ListEventsRequest| {
        let status = bench.reader().list_events(request).await.unwrap_err();
        let (reason, fields) = invalid(&status);
        (reason, fields.join(" "))
    };
    for (request, expected) in [
        (
            ListEventsRequest {
                after_token: token.clone(),
                start_time: time,
                ..base()
            },
            "FIELD_INVALID start_time",
        ),
        (
            ListEventsRequest {
                start_time: malformed,
                ..base()
            },
            "FIELD_INVALID start_time",
        ),
        (
            ListEventsRequest {
                end_time: malformed,
                ..base()
            },
            "FIELD_INVALID end_time",
        ),
        (between(&bench, 1, 1), "FIELD_INVALID end_time"),
        (between(&bench, 1, 0), "FIELD_INVALID end_time"),
        (
            ListEventsRequest {
                kinds: vec!["person".into()],
                ..base()
            },
            "FIELD_INVALID kinds[0]",
        ),
        (
            ListEventsRequest {
                page_size: -1,
                ..base()
            },
            "FIELD_INVALID page_size",
        ),
        (
            ListEventsRequest {
                area_code: "32x".into(),
                ..base()
            },
            "FIELD_INVALID area_code",
        ),
        (
            ListEventsRequest {
                after_token: "AAAA".into(),
                ..base()
            },
            "FEED_TOKEN_INVALID after_token",
        ),
        (
            ListEventsRequest {
                page_token: "AAAA".into(),
                ..base()
            },
            "PAGE_TOKEN_INVALID page_token",
        ),
    ] {
        let what = format!("{request:?}");
        let (reason, fields) = refused(request).await;
        assert_eq!(format!("{reason} {fields}"), expected, "{what}");
    }
    // A page token is good for the same arguments only.
    let first = ListEventsRequest {
        page_size: 1,
        ..base()
    };
    let first = bench.reader().list_events(first).await.unwrap();
    let page_token = first.into_inner().next_page_token;
    for request in [
        ListEventsRequest {
            kinds: vec!["ticket".into()],
            ..base()
        },
        ListEventsRequest {
            area_code: COMMUNITY.into(),
            ..base()
        },
        ListEventsRequest {
            end_time: time,
            ..base()
        },
        ListEventsRequest {
            start_time: time,
            ..base()
        },
        ListEventsRequest {
            after_token: token,
            ..base()
        },
    ] {
        let request = ListEventsRequest {
            page_token: page_token.clone(),
            ..request
        };
        assert_eq!(refused(request).await.0, "PAGE_TOKEN_INVALID");
    }
}
