//! Bringing a database up to date: the tables that every service has, then the
//! service's own. Waits for a database that is still starting.

use std::time::Duration;

use sqlx::{
    PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
};

use crate::{
    error::StoreError,
    pool::{Access, pool},
};

/// Tables that every service has. Their versions are below those of services,
/// which begin with a date.
static SHARED: Migrator = sqlx::migrate!("./migrations");

/// How often, a second apart, a database that can't be reached is tried.
const ATTEMPTS: u32 = 30;

/// Runs the migrations that have not been run yet.
///
/// # Errors
/// When the database can't be reached for half a minute, or a migration fails.
pub async fn migrate(pool: &PgPool, own: &Migrator) -> Result<(), MigrateError> {
    wait_for(pool).await?;
    for migrations in [&SHARED, own] {
        // Each set runs without seeing the other's versions.
        let mut set = Migrator::with_migrations(migrations.iter().cloned().collect());
        set.set_ignore_missing(true);
        set.run(pool).await?;
    }
    Ok(())
}

/// A connection to a database, once it can be reached; its statements, which may
/// have secrets in them, are not told of.
///
/// # Errors
/// When it can't be for half a minute.
pub async fn connect(access: &Access) -> Result<PgConnection, MigrateError> {
    let pool = pool(&access.untold(), 1);
    wait_for(&pool).await?;
    Ok(pool.acquire().await?.detach())
}

/// Waits until all migrations that this program knows have been run, by whoever
/// does that; others may have been run, too, for a newer program beside it.
pub async fn wait_until_migrated(pool: &PgPool, own: &Migrator) {
    let mut told = None;
    loop {
        let missing = missing(pool, own).await;
        match &missing {
            Ok(0) => return,
            Ok(count) if told != Some(Ok(*count)) => tracing::warn!(
                missing = count,
                "the database is not up to date: run `wangge migrate`, or set WANGGE_MIGRATE=true"
            ),
            Err(error) if !matches!(told, Some(Err(()))) => {
                tracing::warn!(%error, "the database can't be asked yet");
            }
            _ => {}
        }
        told = Some(missing.map_err(drop));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// How many migrations have not been run.
async fn missing(pool: &PgPool, own: &Migrator) -> Result<usize, StoreError> {
    let there: Option<String> = sqlx::query_scalar("select to_regclass('_sqlx_migrations')::text")
        .fetch_one(pool)
        .await?;
    let mut run: Vec<i64> = Vec::new();
    if there.is_some() {
        run = sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(pool)
            .await?;
    }
    let known = SHARED.iter().chain(own.iter());
    Ok(known
        .filter(|migration| !run.contains(&migration.version))
        .count())
}

async fn wait_for(pool: &PgPool) -> Result<(), MigrateError> {
    for _ in 1..ATTEMPTS {
        match pool.acquire().await.map_err(StoreError::from) {
            Ok(_) => return Ok(()),
            Err(error) if error.is_unavailable() => {
                tracing::info!("waiting for the database");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(_) => break,
        }
    }
    pool.acquire()
        .await
        .map(drop)
        .map_err(MigrateError::Execute)
}
