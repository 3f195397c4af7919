//! Lanes, whose connections aren't checked on every use.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use wangge_pg::Lanes;

/// A quiet service's first call after a restart of its database is a call like any other.
#[tokio::test]
async fn a_restart_while_a_lane_is_idle_fails_no_call() {
    let name = wangge_testkit::empty_database().await;
    let options: PgConnectOptions = wangge_testkit::postgres_url(&name).parse().expect("a URL");
    let lanes = Lanes::new("test", options, 1);
    let backend = async || -> Result<i32, wangge_pg::StoreError> {
        let lane = lanes.take().await?;
        lane.run(async |lane| {
            sqlx::query_scalar("select pg_backend_pid()")
                .fetch_one(lane)
                .await
        })
        .await
    };
    let first = backend().await.expect("a statement");
    assert_eq!(backend().await.expect("a statement"), first, "it is kept");
    let pool = wangge_pg::open(&wangge_testkit::postgres_url(&name), 1).expect("a URL of ours");
    let gone: bool = sqlx::query_scalar("select pg_terminate_backend($1, 5000)")
        .bind(first)
        .fetch_one(&pool)
        .await
        .expect("a termination");
    assert!(gone);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = backend().await.expect("a statement on a new connection");
    assert_ne!(second, first);
}
