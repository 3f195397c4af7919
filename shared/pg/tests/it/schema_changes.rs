//! Connections whose cached plans are older than the schema.

use sqlx::{Connection as _, PgConnection, PgPool};
use wangge_api::refusal::Refusal;
use wangge_pg::{Lanes, StoreError, transact};

use crate::{execute, pool};

async fn table(pool: &PgPool) {
    execute(pool, "create table figure (id int)").await;
    execute(pool, "insert into figure (id) values (1)").await;
}

async fn add_column(pool: &PgPool) {
    // On a separate connection, as `wangge migrate` does.
    let options = pool.connect_options();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::query("alter table figure add column added text not null default 'x'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn retryable(refusal: Refusal) {
    let status = tonic::Status::from(refusal);
    assert_eq!(wangge_testkit::reason(&status), "DATABASE_UNAVAILABLE");
    assert!(wangge_testkit::retry_after(&status).is_some());
}

#[tokio::test]
async fn a_pooled_connection_with_an_outdated_statement_is_replaced() {
    let pool = pool(1).await;
    table(&pool).await;
    let all = || async {
        let rows = sqlx::query("select * from figure").fetch_all(&pool).await;
        rows.map(|rows| rows.len()).map_err(StoreError::from)
    };
    assert_eq!(all().await.unwrap(), 1);
    add_column(&pool).await;
    retryable(all().await.unwrap_err().into());
    assert_eq!(all().await.unwrap(), 1);
}

#[tokio::test]
async fn so_is_one_in_a_transaction() {
    let pool = pool(1).await;
    table(&pool).await;
    let all = || {
        transact(&pool, &[], |tx| {
            Box::pin(async move {
                let rows = sqlx::query("select * from figure").fetch_all(tx).await?;
                Ok(rows.len())
            })
        })
    };
    assert_eq!(all().await.unwrap(), 1);
    add_column(&pool).await;
    retryable(all().await.unwrap_err());
    assert_eq!(all().await.unwrap(), 1);
}

#[tokio::test]
async fn so_is_every_lane() {
    let pool = pool(1).await;
    table(&pool).await;
    let lanes = Lanes::new("lanes", (*pool.connect_options()).clone(), 2);
    let all = |lane: wangge_pg::lanes::Lane| {
        lane.run(async |lane| sqlx::query("select * from figure").fetch_all(lane).await)
    };
    let (one, other) = (lanes.take().await.unwrap(), lanes.take().await.unwrap());
    assert_eq!(all(one).await.unwrap().len(), 1);
    assert_eq!(all(other).await.unwrap().len(), 1);
    add_column(&pool).await;
    retryable(all(lanes.take().await.unwrap()).await.unwrap_err().into());
    let (one, other) = (lanes.take().await.unwrap(), lanes.take().await.unwrap());
    assert_eq!(all(one).await.unwrap().len(), 1);
    assert_eq!(all(other).await.unwrap().len(), 1);
}
