//! Replicas of organization's areas and units: by the projector alone, and by a real feed.

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wangge_api::{
    events::v1::{AreaChanged, Event, event::Payload},
    policy::Role,
    volunteers::v1::Registration,
};
use wangge_outbox::{NewEvent, Projector as _, append};
use wangge_pg::transact;
use wangge_testkit::{eventually, reason};
use wangge_volunteers::{App, consumers::organization::Replicas};

use crate::{Bench, COMMUNITY, UNIT, area, create, registration, unit};

/// Returns true if officials can register with the community.
async fn takes_registrations(bench: &Bench) -> bool {
    match bench
        .staff()
        .create_registration(create(registration()))
        .await
    {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason(&status), "REFERENCE_UNKNOWN");
            false
        }
    }
}

#[tokio::test]
async fn repeated_and_older_events_change_nothing() {
    let bench = Bench::start_empty(crate::NOWHERE).await;
    let id = Uuid::now_v7();
    bench.apply(unit(UNIT, 2)).await;
    bench.apply(unit(UNIT, 1)).await;
    assert!(!takes_registrations(&bench).await);
    bench.apply(area(id, COMMUNITY, 3, 2)).await;
    assert!(takes_registrations(&bench).await);
    // The area was a grid before.
    bench.apply(area(id, COMMUNITY, 4, 1)).await;
    bench.apply(area(id, COMMUNITY, 3, 2)).await;
    assert!(takes_registrations(&bench).await);
    bench.apply(area(id, COMMUNITY, 4, 3)).await;
    assert!(!takes_registrations(&bench).await);
}

#[tokio::test]
async fn events_of_other_kinds_do_nothing_and_broken_ones_are_refused() {
    let bench = Bench::start_empty(crate::NOWHERE).await;
    bench.apply(Event::default()).await;
    let broken = AreaChanged {
        area_id: "x".into(),
        ..AreaChanged::default()
    };
    let event = Event {
        payload: Some(Payload::AreaChanged(broken)),
        ..Event::default()
    };
    let refused = transact(&bench.database.background, &[], move |tx| {
        async move { Replicas.apply(tx, &event).await }.boxed()
    })
    .await;
    assert!(refused.is_err());
    // A kind that only a newer organization knows is no error.
    bench.apply(area(Uuid::now_v7(), COMMUNITY, 99, 1)).await;
}

#[tokio::test]
async fn areas_and_units_come_by_the_feed() {
    // Every service serves its feed under the same name, so another volunteers service can
    // act as organization.
    let organization = Bench::start_empty(crate::NOWHERE).await;
    let bench = Bench::start_empty(&organization.url).await;
    for event in [area(Uuid::now_v7(), COMMUNITY, 3, 1), unit(UNIT, 1)] {
        tell(&organization, event).await;
    }
    let made = eventually(|| async {
        bench
            .staff()
            .create_registration(create(registration()))
            .await
            .ok()
    })
    .await;
    let Registration { home_unit_id, .. } = made.into_inner();
    assert_eq!(home_unit_id, UNIT.to_string());
}

async fn number(bench: &Bench, what: &'static str) -> i64 {
    sqlx::query_scalar(what)
        .fetch_one(&bench.database.background)
        .await
        .unwrap()
}

async fn run(bench: &Bench, statement: &'static str) {
    sqlx::raw_sql(statement)
        .execute(&bench.database.background)
        .await
        .unwrap();
}

/// Waits until a count in the database has a value.
async fn comes_to(bench: &Bench, what: &'static str, count: i64) {
    eventually(|| async { (number(bench, what).await == count).then_some(()) }).await;
}

const AREAS: &str = "select count(*) from area_replica";
const BROKEN: &str = "select count(*) from broken_feed";
const SET_ASIDE: &str = "select count(*) from set_aside_event";
const END: &str = "select last_position from feed";

/// Emits the event of a new community.
async fn tell_of_area(organization: &Bench, number: u32) {
    let code = format!("32040200{number:04}");
    tell(organization, area(Uuid::now_v7(), &code, 3, 1)).await;
}

#[tokio::test]
async fn a_feed_whose_history_was_lost_is_not_applied_until_the_operator_has_acted() {
    let organization = Bench::start_empty(crate::NOWHERE).await;
    let bench = Bench::start_empty(&organization.url).await;
    for number in 1..=8 {
        tell_of_area(&organization, number).await;
    }
    comes_to(&bench, AREAS, 8).await;
    // A failover to a standby that lacks the last five; then the feed grows past them.
    run(
        &organization,
        "update feed set last_position = last_position - 5; \
         delete from outbox where position > (select last_position from feed)",
    )
    .await;
    for number in 11..=16 {
        tell_of_area(&organization, number).await;
    }
    comes_to(&organization, END, 9).await;
    comes_to(&bench, BROKEN, 1).await;
    // The next replica that becomes the leader is refused as well.
    let again = App::new(
        bench.database.clone(),
        bench.clock.clone(),
        wangge_testkit::stream_channel(
            &organization.url,
            &wangge_testkit::token(&[Role::Service], Some(""), None),
        ),
    );
    let replica = again.background(CancellationToken::new());
    assert_eq!(number(&bench, AREAS).await, 8);
    assert_eq!(number(&bench, SET_ASIDE).await, 0);

    // The steps of the runbook.
    run(
        &bench,
        "begin; delete from area_replica; delete from unit_replica; \
         delete from feed_position where service = 'organization'; commit",
    )
    .await;
    comes_to(&bench, AREAS, 9).await;
    comes_to(&bench, BROKEN, 0).await;
    drop(replica);
}

#[tokio::test]
async fn what_the_owner_cannot_send_is_set_aside_and_the_rest_goes_on() {
    let organization = Bench::start_empty(crate::NOWHERE).await;
    let bench = Bench::start_empty(&organization.url).await;
    tell_of_area(&organization, 1).await;
    run(
        &organization,
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, traceparent, payload) values (gen_random_uuid(), \
         gen_random_uuid(), 7, '', now(), now(), false, '', '\\xffff')",
    )
    .await;
    tell_of_area(&organization, 2).await;
    comes_to(&bench, AREAS, 2).await;
    let (revision, error): (i64, String) =
        sqlx::query_as("select revision, error from set_aside_event")
            .fetch_one(&bench.database.background)
            .await
            .unwrap();
    assert_eq!(revision, 7);
    assert!(error.starts_with("withheld by its owner"), "{error}");
}

const FAIL_UNAVAILABLE: &str = "create function fail() returns trigger language plpgsql as $$ \
     begin raise exception 'a disk of 3 Main Street' using errcode = '58030'; end $$; \
     create trigger fail before insert on area_replica for each row execute function fail()";
const FAIL_ROW: &str = "create or replace function fail() returns trigger language plpgsql as $$ \
     begin raise exception 'a row of 3 Main Street' using errcode = '23514', \
     constraint = 'some_rule'; end $$";
const HEAL: &str = "drop trigger fail on area_replica";

#[tokio::test]
async fn an_error_of_the_moment_sets_nothing_aside_and_one_of_the_row_says_which() {
    let organization = Bench::start_empty(crate::NOWHERE).await;
    let bench = Bench::start_empty(&organization.url).await;
    tell_of_area(&organization, 1).await;
    comes_to(&bench, AREAS, 1).await;
    run(&bench, FAIL_UNAVAILABLE).await;
    tell_of_area(&organization, 2).await;
    // It is retried again and again.
    let tried = "select xact_rollback from pg_stat_database where datname = current_database()";
    let before = number(&bench, tried).await;
    eventually(|| async { (number(&bench, tried).await > before + 2).then_some(()) }).await;
    assert_eq!(number(&bench, SET_ASIDE).await, 0);
    assert_eq!(number(&bench, AREAS).await, 1);

    run(&bench, FAIL_ROW).await;
    comes_to(&bench, SET_ASIDE, 1).await;
    let error: String = sqlx::query_scalar("select error from set_aside_event")
        .fetch_one(&bench.database.background)
        .await
        .unwrap();
    assert_eq!(error, "SQLSTATE 23514, constraint some_rule");
    run(&bench, HEAL).await;
    tell_of_area(&organization, 3).await;
    comes_to(&bench, AREAS, 2).await;
}

/// Writes an event into a service's feed.
pub(crate) async fn tell(bench: &Bench, event: Event) {
    let now = bench.clock.now();
    let event = NewEvent {
        record_id: Uuid::now_v7(),
        revision: event.revision,
        area_code: String::new(),
        occurred_time: now,
        recorded_time: now,
        imported: false,
        payload: event.payload.unwrap(),
    };
    transact(&bench.database.background, &[], move |tx| {
        async move { append(tx, &event).await }.boxed()
    })
    .await
    .unwrap();
}
