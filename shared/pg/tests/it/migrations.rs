//! Migrations that run concurrently with calls.

use sqlx::{
    AssertSqlSafe, PgPool, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use wangge_pg::migrate::migrate;
use wangge_testkit::eventually;

use crate::{execute, pool};

fn migrator(sql: &str, no_transaction: bool) -> Migrator {
    Migrator::with_migrations(vec![Migration::new(
        20_261_128_000_001,
        "of a test".into(),
        MigrationType::Simple,
        AssertSqlSafe(sql.to_owned()).into_sql_str(),
        no_transaction,
    )])
}

async fn column_is_there(pool: &PgPool) -> bool {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from information_schema.columns where column_name = 'added'",
    )
    .fetch_one(pool)
    .await
    .expect("a count");
    count == 1
}

#[tokio::test]
async fn a_migration_that_gets_no_lock_holds_nobody_up_and_is_tried_again() {
    let pool = pool(8).await;
    execute(&pool, "create table report (id int primary key)").await;
    let mut reader = pool.begin().await.unwrap();
    sqlx::query("select id from report")
        .fetch_all(&mut *reader)
        .await
        .unwrap();
    let migrating = tokio::spawn({
        let pool = pool.clone();
        async move {
            let add = migrator("alter table report add column added text", false);
            migrate(&pool, &add).await
        }
    });
    // The migration's lock request is queued, and later statements queue behind it.
    eventually(|| async {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_locks where relation = 'report'::regclass and not granted",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    execute(&pool, "insert into report (id) values (1)").await;
    assert!(!migrating.is_finished());
    assert!(!column_is_there(&pool).await);
    reader.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert!(column_is_there(&pool).await);
}

#[tokio::test]
async fn an_index_is_made_beside_a_transaction_and_one_left_invalid_is_made_again() {
    let pool = pool(8).await;
    execute(&pool, "create table report (id int not null)").await;
    execute(&pool, "insert into report (id) values (1), (1)").await;
    let sql = "-- no-transaction\ncreate unique index concurrently report_id on report (id)";
    let index = migrator(sql, true);
    let failed = migrate(&pool, &index).await;
    assert!(
        matches!(failed, Err(MigrateError::ExecuteMigration(..))),
        "{failed:?}"
    );
    assert_eq!(valid(&pool).await, Some(false));

    execute(
        &pool,
        "delete from report where ctid = (select min(ctid) from report)",
    )
    .await;
    let mut writer = pool.begin().await.unwrap();
    sqlx::query("insert into report (id) values (2)")
        .execute(&mut *writer)
        .await
        .unwrap();
    let migrating = tokio::spawn({
        let pool = pool.clone();
        async move { migrate(&pool, &index).await }
    });
    execute(&pool, "insert into report (id) values (3)").await;
    writer.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    assert_eq!(valid(&pool).await, Some(true));
}

#[tokio::test]
async fn programs_that_migrate_at_the_same_time_take_turns() {
    let pool = pool(8).await;
    execute(&pool, "create table report (id int not null)").await;
    let runs = (0..4).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let sql = "-- no-transaction\ncreate index concurrently report_id on report (id)";
            migrate(&pool, &migrator(sql, true)).await
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap().unwrap();
    }
    assert_eq!(valid(&pool).await, Some(true));
}

async fn valid(pool: &PgPool) -> Option<bool> {
    sqlx::query_scalar(
        "select indisvalid from pg_index where indexrelid = to_regclass('report_id')",
    )
    .fetch_optional(pool)
    .await
    .expect("an index or none")
}
