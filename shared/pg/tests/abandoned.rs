//! Abandoned statements, whose callers are gone, against a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use wangge_api::call::{self, Slot};
use wangge_api::refusal::Reason;
use wangge_pg::{Database, StoreError, Tx, transact, transaction::Failure};
use wangge_testkit::{empty_database, eventually, postgres_url};

/// Much longer than any test runs.
const SLEEP: &str = "select pg_sleep(3600)";
const CONNECTIONS: u32 = 4;

async fn database() -> Database {
    let url = postgres_url(&empty_database().await);
    Database::open(&url, CONNECTIONS).expect("a URL")
}

/// Returns the number of backends of this database that are sleeping.
async fn sleeping(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() \
         and pid <> pg_backend_pid() and state = 'active' and query like '%pg_sleep%'",
    )
    .fetch_one(pool)
    .await
    .expect("a count")
}

async fn nobody_sleeps(pool: &PgPool) {
    eventually(|| async { (sleeping(pool).await == 0).then_some(()) }).await;
}

async fn sleep_in_a_lane(database: &Database) -> Result<(), StoreError> {
    let lane = database.lanes.take().await?;
    let slept = lane.run(async |lane| sqlx::query(SLEEP).execute(lane).await);
    slept.await.map(|_| ())
}

async fn sleep_in_a_transaction(pool: &PgPool) -> Result<(), wangge_api::refusal::Refusal> {
    transact(pool, &[], |tx: &mut Tx| {
        Box::pin(async move {
            sqlx::query(SLEEP).execute(tx).await?;
            Ok::<_, Failure>(())
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_short_deadlines_never_leave_more_backends_than_the_pool_has() {
    let database = database().await;
    let watcher = &database.background;
    let mut most = 0;
    for _ in 0..8 {
        let calls = (0..16).map(|number| {
            let database = database.clone();
            async move {
                let deadline = Duration::from_millis(100);
                if number % 2 == 0 {
                    let _ = timeout(deadline, sleep_in_a_lane(&database)).await;
                } else {
                    let _ = timeout(deadline, sleep_in_a_transaction(&database.calls)).await;
                }
            }
        });
        futures::future::join_all(calls).await;
        most = most.max(sleeping(watcher).await);
    }
    assert!(most > 0, "no statement ever ran");
    assert!(most <= 2 * i64::from(CONNECTIONS), "{most} backends");
    nobody_sleeps(watcher).await;
    // The connections can be reused.
    let lane = eventually(|| async { database.lanes.take().await.ok() }).await;
    let one = lane.run(async |lane| sqlx::query_scalar("select 1").fetch_one(lane).await);
    assert_eq!(one.await.map_err(|error| error.to_string()), Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_transaction_holds_its_slot_until_it_has_ended() {
    let database = database().await;
    let watcher = &database.background;
    let slot: Slot = Arc::new(());
    let held = Arc::downgrade(&slot);
    let pool = database.calls.clone();
    let call = tokio::spawn(call::holding(slot, async move {
        sleep_in_a_transaction(&pool).await
    }));
    eventually(|| async { (sleeping(watcher).await == 1).then_some(()) }).await;
    call.abort();
    assert!(call.await.expect_err("abandoned").is_cancelled());
    // The task holds the slot until its statement has been cancelled.
    eventually(|| async {
        let slept = sleeping(watcher).await;
        match held.upgrade() {
            None => {
                assert_eq!(sleeping(watcher).await, 0, "the slot went first");
                Some(())
            }
            Some(_) => {
                assert!(slept <= 1);
                None
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_waits_for_a_connection_is_not_begun_for_nobody() {
    let database = database().await;
    let mut taken = Vec::new();
    for _ in 0..CONNECTIONS {
        taken.push(database.calls.acquire().await.expect("a connection"));
    }
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel::<()>();
    let slot: Slot = Arc::new(());
    let held = Arc::downgrade(&slot);
    let pool = database.calls.clone();
    let call = tokio::spawn(call::holding(slot, async move {
        transact(&pool, &[], move |_: &mut Tx| {
            Box::pin(async move {
                let _ = begun.send(());
                Ok::<_, Failure>(())
            })
        })
        .await
    }));
    tokio::task::yield_now().await;
    call.abort();
    let _ = call.await;
    eventually(|| async { held.upgrade().is_none().then_some(()) }).await;
    drop(taken);
    assert_eq!(begins.recv().await, None, "it was begun for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_transaction_ends_soon_after_the_deadline_of_its_call() {
    let database = database().await;
    let deadline = Instant::now() + Duration::from_millis(100);
    // The test waits beyond the deadline, which no handler does.
    let ended = call::within(deadline, sleep_in_a_transaction(&database.calls)).await;
    assert_eq!(
        ended.expect_err("cancelled").reason,
        Reason::DatabaseUnavailable
    );
    let (limit,): (String,) = sqlx::query_as("show statement_timeout")
        .fetch_one(&database.calls)
        .await
        .expect("a limit");
    assert_eq!(limit, "35s", "the session's limit is as it was");
}
