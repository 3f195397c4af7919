//! Bringing a database up to date: the tables that every service has, then the
//! service's own. Waits for a database that is still starting.

use std::time::Duration;

use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
};

use crate::error::StoreError;

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
