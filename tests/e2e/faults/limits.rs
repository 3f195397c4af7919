//! Overload, short deadlines, and clients that disconnect.

use futures::future::join_all;
use prost::Message as _;
use prost_types::FieldMask;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::time::Duration;
use tonic::Code;
use wangge_api::{
    events::v1::{SubscribeRequest, feed_service_client::FeedServiceClient},
    organization::v1::{
        Area, GetAreaRequest, UpdateAreaRequest, area_service_client::AreaServiceClient,
    },
    policy::{Role, policy},
};
use wangge_server::ServerArgs;
use wangge_tests::{
    City, DataDir, Dice, Service, World,
    city::{COMMUNITY, make_ground, request_id},
    raw, until,
    world::Databases,
};

use super::database::postgres;
use crate::authorisation::bodies;

const GET_AREA: &str = "/wangge.organization.v1.AreaService/GetArea";
const UPDATE_AREA: &str = "/wangge.organization.v1.AreaService/UpdateArea";

fn get_area() -> Vec<u8> {
    GetAreaRequest {
        code: COMMUNITY.to_owned(),
    }
    .encode_to_vec()
}

fn update_area(request_id: &str) -> Vec<u8> {
    let area = Area {
        code: COMMUNITY.to_owned(),
        name: "新名字".to_owned(),
        ..Area::default()
    };
    UpdateAreaRequest {
        request_id: request_id.to_owned(),
        area: Some(area),
        update_mask: Some(FieldMask {
            paths: vec!["name".to_owned()],
        }),
    }
    .encode_to_vec()
}

/// Holds a lock until it is dropped, without the timeout for idle transactions: a crowded
/// machine may need longer.
async fn hold(pool: &PgPool, statement: &'static str) -> PgConnection {
    let mut session = PgConnection::connect_with(&pool.connect_options())
        .await
        .expect("a session");
    for statement in [
        "set idle_in_transaction_session_timeout = 0",
        "begin",
        statement,
    ] {
        sqlx::query(statement)
            .execute(&mut session)
            .await
            .expect("locked");
    }
    session
}

/// Counts the sessions of this database that wait for a lock.
async fn waiting(pool: &PgPool) -> usize {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity \
         where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(pool)
    .await
    .expect("a count");
    usize::try_from(count).expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_too_many_is_refused_at_once_and_streams_go_on() {
    let limit = 4;
    let args = ServerArgs {
        max_in_flight: limit,
        ..ServerArgs::default()
    };
    let world = World::on(Databases::fresh().await, &args).await;
    make_ground(&world).await;
    let token = world.token(Role::Staff, Some(""), None);
    let channel = world.bare(Service::Organization);
    let pool = world.databases.of(Service::Organization).background.clone();

    let held = hold(&pool, "lock table area in access exclusive mode").await;
    let calls: Vec<_> = (0..limit)
        .map(|_| {
            let (channel, token) = (channel.clone(), token.clone());
            tokio::spawn(
                async move { raw::call(&channel, Some(&token), GET_AREA, &get_area()).await },
            )
        })
        .collect();
    until(|| async { (waiting(&pool).await == limit).then_some(()) }).await;

    // Further calls are rejected, over an existing and over a new connection.
    for channel in [channel.clone(), world.bare(Service::Organization)] {
        let answer = raw::call(&channel, Some(&token), GET_AREA, &get_area()).await;
        assert_eq!(
            answer.code(),
            Code::ResourceExhausted,
            "{:?}",
            answer.status
        );
        assert_eq!(answer.reason(), "OVERLOADED");
        assert!(wangge_testkit::retry_after(&answer.status).is_some());
    }
    let system = world.everywhere(Service::Organization, Role::System);
    let request = SubscribeRequest {
        follow: true,
        ..Default::default()
    };
    let stream = FeedServiceClient::new(system).subscribe(request).await;
    let first = stream
        .expect("the feed")
        .into_inner()
        .message()
        .await
        .expect("a message");
    assert!(!first.expect("events").events.is_empty());

    held.close().await.expect("unlocked");
    for answer in join_all(calls).await {
        let answer = answer.expect("no panic");
        assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
    }
    let answer = raw::call(&channel, Some(&token), GET_AREA, &get_area()).await;
    assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
}

/// A call that exceeds its deadline fails with our reason, however short the deadline is,
/// and an aborted write can be retried without a second effect.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_out_of_time_says_so() {
    let world = World::start().await;
    make_ground(&world).await;
    let url = world.url(Service::Organization);
    let token = world.token(Role::Admin, Some(""), None);
    let pool = world.databases.of(Service::Organization).background.clone();
    let held = hold(&pool, "select from area for update").await;

    let limits = ["0n", "1n", "1m", "2m", "5m", "11m", "50m", "300000u", "1S"];
    let mut requests = Vec::new();
    for limit in limits.into_iter().chain(["1m"; 20]) {
        let id = request_id();
        let request = http::Request::post(format!("{url}{UPDATE_AREA}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", limit)
            .header("authorization", format!("Bearer {token}"))
            .body(())
            .expect("a request");
        let told = raw::over_h2(url, request, raw::frame(&update_area(&id))).await;
        let told = told.expect("an answer");
        assert_eq!(told.code(), Code::DeadlineExceeded, "{limit}: {told:?}");
        assert_eq!(
            wangge_testkit::reason(&told),
            "DEADLINE_EXCEEDED",
            "{limit}"
        );
        requests.push(id);
    }
    held.close().await.expect("unlocked");

    let mut areas = AreaServiceClient::new(world.everywhere(Service::Organization, Role::Admin));
    let channel = world.bare(Service::Organization);
    for id in &requests {
        let answer = raw::call(&channel, Some(&token), UPDATE_AREA, &update_area(id)).await;
        assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
    }
    let area = areas
        .get_area(GetAreaRequest {
            code: COMMUNITY.to_owned(),
        })
        .await
        .expect("it");
    let changes = i64::try_from(requests.len()).expect("a count");
    assert_eq!(
        area.get_ref().revision,
        1 + changes,
        "a change took effect twice, or never"
    );
}

/// Clients that disconnect at any moment leave no transaction open.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_cancelled_leave_nothing_open() {
    let mut dice = Dice::new();
    let data_dir = DataDir::new();
    let database = postgres(&data_dir).await;
    let world = World::on(Databases::on(&database).await, &ServerArgs::default()).await;
    let city = City::build(&world).await;
    let bodies = bodies(&city);
    let mut cancelled = 0;
    for round in 0.. {
        let (path, body) = &bodies[round % bodies.len()];
        let service = Service::of(path)[0];
        let role = policy(path).expect("a policy").roles[0];
        let token = world.token(role, Some(""), Some(city.lead.unit));
        let channel = world.bare(service);
        let pause = Duration::from_micros(u64::try_from(dice.below(6_000)).expect("small"));
        let request = raw::request(path, Some(&token), body.clone().into());
        if tokio::time::timeout(pause, raw::send(&channel, request))
            .await
            .is_err()
        {
            cancelled += 1;
        }
        if cancelled == 200 {
            break;
        }
    }
    let pool = &world.databases.of(Service::Organization).calls;
    until(|| async { (open_transactions(pool).await == 0).then_some(()) }).await;
    // PostgreSQL terminates a leaked transaction after ten seconds and logs it. That it
    // is gone now doesn't prove that there was none.
    let log: String = sqlx::query_scalar("select pg_read_file('server.log')")
        .fetch_one(pool)
        .await
        .expect("PostgreSQL's log");
    assert!(!log.contains("idle-in-transaction timeout"), "{log}");
    drop(world);
    database.stop().await.expect("it stops");
}

/// Counts the transactions that are idle.
async fn open_transactions(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity where state like 'idle in transaction%'",
    )
    .fetch_one(pool)
    .await
    .expect("a count")
}
