//! Queues: one transaction after the other, and none behind a dry run.

use futures::FutureExt as _;
use wangge_pg::{Trial, queue, transact};

#[tokio::test]
async fn those_in_one_queue_wait_and_nobody_waits_for_a_dry_run() {
    let pool = super::pool(4).await;
    let trial = Trial::default();
    trial
        .attempt(&pool, &[], |tx| {
            async move { Ok(queue::stand_in_line(tx, ["a", "b"]).await?) }.boxed()
        })
        .await
        .expect("an attempt");
    let held = transact(&pool, &[], |tx| {
        async move {
            queue::stand_in_line(&mut *tx, ["b", "a", "a"]).await?;
            let held = "select count(*) from pg_locks where locktype = 'advisory' and database = \
                        (select oid from pg_database where datname = current_database())";
            Ok(sqlx::query_scalar(held).fetch_one(tx).await?)
        }
        .boxed()
    });
    // The dry run is still open: it would hold the others up if it stood in line.
    let held: i64 = held.await.expect("a transaction");
    assert_eq!(
        held, 2,
        "one lock for each name, all of them the transaction's"
    );
    drop(trial);

    let mut first = pool.begin().await.expect("a transaction");
    queue::stand_in_line(&mut first, ["a"])
        .await
        .expect("a lock");
    let mut second = pool.begin().await.expect("a transaction");
    sqlx::query("set local lock_timeout = '50ms'")
        .execute(&mut *second)
        .await
        .expect("a timeout");
    let waits = queue::stand_in_line(&mut second, ["a"]).await;
    waits.expect_err("the first one stands before it");
}
