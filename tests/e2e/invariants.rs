//! Invariants of every write: it takes effect exactly once, and together with its event
//! or not at all.

mod course;

use std::collections::{BTreeMap, BTreeSet};

use tonic::Code;
use wangge_api::policy::{Idempotency, METHODS, policy};
use wangge_client::retry::may_succeed_later;
use wangge_tests::{
    City, Service, World,
    city::request_id,
    plain::{KINDS, decode, field},
    raw,
    raw::Answer,
};

use course::Step;

/// Sends a step with a request id until the response is final.
async fn send(world: &World, step: &Step, request_id: &str) -> Answer {
    let token = world.token(step.role, Some(""), step.unit);
    let channel = world.bare(step.service());
    loop {
        let body = (step.body)(request_id);
        let answer = raw::call(&channel, Some(&token), step.path, &body).await;
        if !may_succeed_later(&answer.status) {
            return answer;
        }
    }
}

/// The only write without an event, since its record is a person.
const UNTOLD: &str = "/wangge.organization.v1.PersonService/CreatePerson";

/// Counts a service's committed changes: its events, and people, who have none.
async fn changes(world: &World, service: Service) -> i64 {
    let count = match service {
        Service::Organization => {
            "select (select count(*) from outbox) + (select count(*) from person)"
        }
        _ => "select count(*) from outbox",
    };
    let pool = &world.databases.of(service).calls;
    sqlx::query_scalar(count)
        .fetch_one(pool)
        .await
        .expect("a count")
}

/// Invariant 9. Every write of every service, many times concurrently and once more: one
/// effect, and the same response to every caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_repeated_takes_effect_once() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let mut course = course::Course::new(&city);
    let mut done = BTreeSet::new();
    while let Some(step) = course.next() {
        done.insert(step.path);
        let service = step.service();
        let before = changes(&world, service).await;
        let id = request_id();
        let at_once = (0..8).map(|_| send(&world, &step, &id));
        let mut answers = futures::future::join_all(at_once).await;
        answers.push(send(&world, &step, &id).await);
        for answer in &answers {
            assert_eq!(
                answer.code(),
                Code::Ok,
                "{}: {:?}",
                step.path,
                answer.status
            );
            assert_eq!(answer.messages, answers[0].messages, "{}", step.path);
        }
        assert_eq!(changes(&world, service).await, before + 1, "{}", step.path);

        // The request id can't be reused for another request.
        let other = course.other(&step);
        let answer = send(&world, &other, &id).await;
        let what = format!("{} with the id of {}", other.path, step.path);
        assert_eq!(
            answer.code(),
            Code::AlreadyExists,
            "{what}: {:?}",
            answer.status
        );
        assert_eq!(answer.reason(), "REQUEST_ID_REUSED", "{what}");
        assert_eq!(changes(&world, service).await, before + 1, "{what}");
        course.learn(&answers[0].messages[0]);
    }
    let writes = METHODS.iter().copied().filter(|path| {
        policy(path).is_some_and(|policy| policy.idempotency == Idempotency::RequestId)
    });
    assert_eq!(done, writes.collect(), "some writes were left out");
}

/// Invariant 5. If the event can't be written, no row of any table changes; once it can
/// be, the same request succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_event_nothing_is_written() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let mut course = course::Course::new(&city);
    while let Some(step) = course.next() {
        if step.path == UNTOLD {
            continue;
        }
        let pool = &world.databases.of(step.service()).calls;
        let no_events = "alter table outbox add constraint no_events check (false) not valid";
        let before = rows(pool).await;
        sqlx::query(no_events)
            .execute(pool)
            .await
            .expect("the constraint");
        let id = request_id();
        let answer = send(&world, &step, &id).await;
        assert_eq!(
            answer.code(),
            Code::Internal,
            "{}: {:?}",
            step.path,
            answer.status
        );
        assert_eq!(answer.reason(), "INTERNAL", "{}", step.path);
        assert!(
            !answer.status.message().contains("no_events"),
            "{:?}",
            answer.status
        );
        assert_eq!(rows(pool).await, before, "{}", step.path);

        let events = "alter table outbox drop constraint no_events";
        sqlx::query(events)
            .execute(pool)
            .await
            .expect("no constraint");
        let answer = send(&world, &step, &id).await;
        assert_eq!(
            answer.code(),
            Code::Ok,
            "{}: {:?}",
            step.path,
            answer.status
        );
        course.learn(&answer.messages[0]);
    }
}

/// An etag identifies a record's content: creating, reading and listing return the same
/// one, and each record has its own.
#[tokio::test(flavor = "multi_thread")]
async fn an_etag_is_the_same_for_whoever_reads_the_record() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let mut seen = BTreeSet::new();
    for kind in KINDS {
        let create = kind.path("Create").expect("a method");
        let get = kind.path("Get").expect("a method");
        let record = kind.sample(&city, 2010, true);
        let token = world.token(kind.writer, Some(""), None);
        let channel = world.bare(Service::of(create)[0]);
        let body = kind.create(&request_id(), record);
        let made = raw::settle(&channel, Some(&token), create, &body).await;
        assert_eq!(made.code(), Code::Ok, "{create}: {:?}", made.status);
        let made = decode(create, &made.messages[0]);
        let body = kind.get(&field(&made, "id"));
        let role = policy(get).expect("a policy").roles[0];
        let token = world.token(role, Some(""), None);
        let read = raw::settle(&channel, Some(&token), get, &body).await;
        let read = decode(get, &read.messages[0]);
        let etag = field(&made, "etag");
        assert_eq!(field(&read, "etag"), etag, "{}", kind.kind);
        assert!(seen.insert(etag), "{}", kind.kind);
    }
}

/// Returns a digest of every table, except for what changes in the background: positions
/// of the outbox, and copies from other services' feeds.
async fn rows(pool: &sqlx::PgPool) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' \
         and relnamespace = 'public'::regnamespace \
         and relname !~ '^(feed|feed_position|outbox|reference_version|.*_(copy|replica))$'",
    )
    .fetch_all(pool)
    .await
    .expect("the tables");
    let mut digests = BTreeMap::new();
    for table in tables {
        let digest = format!(
            "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"
        );
        let digest: String = sqlx::query_scalar(sqlx::AssertSqlSafe(digest))
            .fetch_one(pool)
            .await
            .expect("a digest");
        digests.insert(table, digest);
    }
    let events: i64 = sqlx::query_scalar("select count(*) from outbox")
        .fetch_one(pool)
        .await
        .expect("a count");
    digests.insert("outbox".to_owned(), events.to_string());
    digests
}
