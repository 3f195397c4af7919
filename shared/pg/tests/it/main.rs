//! Schema changes while services are connected, queues, and the content of PostgreSQL's
//! log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lanes;
mod log;
mod migrations;
mod queues;
mod schema_changes;

use sqlx::PgPool;

/// Creates an empty database and a pool on it.
async fn pool(connections: u32) -> PgPool {
    let name = wangge_testkit::empty_database().await;
    let url = wangge_testkit::postgres_url(&name);
    wangge_pg::open(&url, connections).expect("a URL of ours")
}

async fn execute(pool: &PgPool, statement: &'static str) {
    let executed = sqlx::query(statement).execute(pool).await;
    executed.expect("a statement of ours");
}
