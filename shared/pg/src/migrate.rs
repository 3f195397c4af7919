//! Runs migrations while services are using the database: first the shared tables
//! of every service, then the service's own. Waits for a database that is still
//! starting, takes no lock that would queue other statements behind it for long,
//! and logs the transactions that block it. It refuses to judge whether a migration
//! is safe: `xtask check` does that.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, SqlSafeStr as _,
    migrate::{Migrate as _, MigrateError, Migration, Migrator},
};

use crate::{
    error::StoreError,
    pool::{Access, pool},
};

/// Migrations of the shared tables. Their versions sort before those of services,
/// which begin with a date.
static SHARED: Migrator = sqlx::migrate!("./migrations");

/// The table of applied migrations.
const TABLE: &str = "_sqlx_migrations";

/// Number of attempts to reach the database, one second apart.
const ATTEMPTS: u32 = 30;

/// Lock timeout of a transactional migration. Calls queue behind its lock request
/// for as long as it waits.
const LOCK_TIMEOUT: &str = "2s";
/// Lock timeout for another program's migration lock. It is shorter than
/// PostgreSQL's `deadlock_timeout` of one second: `create index concurrently` waits
/// for every open transaction, including one that waits for this lock.
const TURN_TIMEOUT: &str = "500ms";
/// The retry delay after the first lock timeout; it doubles with each attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);
/// Maximum retry delay.
const MAX_BACKOFF: Duration = Duration::from_secs(8);
/// Interval at which the blockers of a migration are checked.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Runs the migrations that have not been applied yet. One that hits the lock
/// timeout is rolled back and retried until it succeeds.
///
/// # Errors
/// Returns an error if the database can't be reached for half a minute, or a
/// migration fails.
pub async fn migrate(pool: &PgPool, own: &Migrator) -> Result<(), MigrateError> {
    wait_for(pool).await?;
    let mut pause = INITIAL_BACKOFF;
    loop {
        // Detached, since its session settings and advisory lock must not return to
        // the pool.
        let mut connection = pool.acquire().await?.detach();
        let process: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await?;
        let outcome = tokio::select! {
            outcome = run(&mut connection, own) => outcome,
            never = tell_blockers(pool, process) => match never {},
        };
        // Closing the session releases its locks and settings in any case.
        let _ = connection.close().await;
        match outcome {
            Err(error) if got_no_lock(&error) => {
                tracing::warn!(%error, "a migration timed out waiting for a lock: retrying");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_BACKOFF);
            }
            outcome => return outcome,
        }
    }
}

/// Applies the pending migrations in order.
async fn run(connection: &mut PgConnection, own: &Migrator) -> Result<(), MigrateError> {
    // A migration may run for long; only its lock waits are limited.
    connection.execute("set statement_timeout = 0").await?;
    set_lock_timeout(connection, TURN_TIMEOUT).await?;
    connection.lock().await?;
    connection.ensure_migrations_table(TABLE).await?;
    // A version that was started but not finished: its effects are unknown.
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version));
    }
    let applied = connection.list_applied_migrations(TABLE).await?;
    let applied: HashMap<i64, _> = applied
        .into_iter()
        .map(|applied| (applied.version, applied.checksum))
        .collect();
    // Applied versions that this binary doesn't know are those of a newer release.
    for migration in SHARED.iter().chain(own.iter()) {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == migration.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version)),
            None => apply(connection, migration).await?,
        }
    }
    Ok(())
}

async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<(), MigrateError> {
    tracing::info!(version = migration.version, what = %migration.description, "migrating");
    if !migration.no_tx {
        set_lock_timeout(connection, LOCK_TIMEOUT).await?;
        connection.apply(TABLE, migration).await?;
        return Ok(());
    }
    // Statements outside a transaction hold no locks while they wait, so they may
    // wait without a limit.
    set_lock_timeout(connection, "0").await?;
    let (all_but_last, last) = steps(migration.sql.as_str());
    for step in all_but_last {
        drop_leftover(connection, step).await?;
        // Safe: the statement is a literal part of one of our migrations.
        connection.execute(AssertSqlSafe(step.to_owned())).await?;
    }
    drop_leftover(connection, last).await?;
    // The last statement is applied together with the record in the migrations
    // table, after all others have succeeded.
    let mut migration = migration.clone();
    migration.sql = AssertSqlSafe(last.to_owned()).into_sql_str();
    connection.apply(TABLE, &migration).await?;
    Ok(())
}

/// Splits a migration that runs without a transaction into its statements, the last
/// one separately. They are sent one by one, since PostgreSQL runs several
/// statements in one message as a transaction. In migrations with concurrent
/// indexes every statement ends at the end of a line.
fn steps(sql: &str) -> (Vec<&str>, &str) {
    // Other migrations may contain semicolons in `do` blocks, so they are sent
    // whole.
    if !sql.to_ascii_lowercase().contains("index concurrently") {
        return (Vec::new(), sql);
    }
    let mut steps: Vec<&str> = sql
        .split_inclusive(";\n")
        .filter(|step| !step.trim().is_empty())
        .collect();
    let last = steps.pop().unwrap_or(sql);
    (steps, last)
}

async fn set_lock_timeout(connection: &mut PgConnection, to: &str) -> Result<(), sqlx::Error> {
    // Through `set_config`, since `set` accepts no bind parameters.
    sqlx::query("select set_config('lock_timeout', $1, false)")
        .bind(to)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops the index that an earlier run has left behind: an invalid one, if that run
/// was interrupted; a valid one, if the run wasn't recorded, unless the statement
/// has `if not exists`.
async fn drop_leftover(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let Some((name, unless_there)) = index_made(sql) else {
        return Ok(());
    };
    let statement: Option<String> = sqlx::query_scalar(
        "select format('drop index concurrently %s', indexrelid::regclass) from pg_index \
         where indexrelid = to_regclass($1) and not (indisvalid and $2)",
    )
    .bind(name)
    .bind(unless_there)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(statement) = statement {
        tracing::info!(
            index = name,
            "dropping an index that an earlier run left behind"
        );
        // Safe: the statement was built by `format` with the index's `regclass`,
        // which is quoted.
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// Returns the name of the index that a statement creates concurrently, and true if
/// it has `if not exists`.
fn index_made(sql: &str) -> Option<(&str, bool)> {
    let mut words = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .flat_map(str::split_whitespace)
        .peekable();
    let mut next_is = |wanted: &str| {
        words
            .next_if(|word| word.eq_ignore_ascii_case(wanted))
            .is_some()
    };
    if !next_is("create") {
        return None;
    }
    next_is("unique");
    if !(next_is("index") && next_is("concurrently")) {
        return None;
    }
    let unless_there = next_is("if") && next_is("not") && next_is("exists");
    words.next().map(|name| (name, unless_there))
}

/// Returns true on a lock timeout or a deadlock.
fn got_no_lock(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "55P03" || code == "40P01")
}

/// Logs the transactions that block a backend, each time that they change. Their
/// statements are left out, since they may contain personal data.
async fn tell_blockers(pool: &PgPool, process: i32) -> Infallible {
    let mut told = Vec::new();
    loop {
        // On another connection of the pool: the migration's own is busy.
        tokio::time::sleep(POLL_INTERVAL).await;
        let blockers: Result<Vec<String>, _> = sqlx::query_scalar(
            "select format('process %s (%s, %s), in its transaction since %s', pid, \
                 application_name, coalesce(state, 'unknown'), xact_start) \
             from pg_stat_activity where pid = any(pg_blocking_pids($1)) order by pid",
        )
        .bind(process)
        .fetch_all(pool)
        .await;
        // Best effort: a failure to list the blockers must not fail the migration.
        let blockers = blockers.unwrap_or_default();
        if blockers != told && !blockers.is_empty() {
            tracing::warn!(blockers = %blockers.join("; "), "a migration is waiting for locks");
        }
        told = blockers;
    }
}

/// Connects to a database once it can be reached. Statements on the connection
/// aren't logged, since they may contain secrets.
///
/// # Errors
/// Returns an error if the database can't be reached for half a minute.
pub async fn connect(access: &Access) -> Result<PgConnection, MigrateError> {
    let pool = pool(&access.untold(), 1);
    wait_for(&pool).await?;
    Ok(pool.acquire().await?.detach())
}

/// Waits until another process has applied all migrations that this binary knows.
/// Newer ones may have been applied, too.
pub async fn wait_until_migrated(pool: &PgPool, own: &Migrator) {
    let mut told = None;
    loop {
        let missing = missing(pool, own).await;
        // Each state is logged once, not every second.
        match &missing {
            Ok(0) => return,
            Ok(count) if told != Some(Ok(*count)) => tracing::warn!(
                missing = count,
                "the database is not up to date: run `wangge migrate`, or set WANGGE_MIGRATE=true"
            ),
            Err(error) if !matches!(told, Some(Err(()))) => {
                tracing::warn!(%error, "the database can't be queried yet");
            }
            _ => {}
        }
        told = Some(missing.map_err(drop));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Returns the number of pending migrations.
async fn missing(pool: &PgPool, own: &Migrator) -> Result<usize, StoreError> {
    // A new database has no such table, and selecting from it would fail.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_of_one_migration_are_made_one_by_one() {
        let first = "-- no-transaction\n-- Why; and how.\n\
                     create index concurrently if not exists a_b on a (b);\n";
        let second = "create index concurrently if not exists a_c\n    on a (c);\n";
        let both = format!("{first}{second}");
        assert_eq!(steps(&both), (vec![first], second));
        let block = "-- no-transaction\ndo $$ begin update a set b = 1;\n commit; end $$;\n";
        assert_eq!(steps(block), (Vec::new(), block));
    }

    #[test]
    fn an_index_made_without_locking_is_known_by_its_name() {
        let made =
            "-- no-transaction\ncreate index concurrently wish_area\n    on wish (area_code)";
        assert_eq!(index_made(made), Some(("wish_area", false)));
        let made = "CREATE UNIQUE INDEX CONCURRENTLY if not exists wish_area on wish (area_code)";
        assert_eq!(index_made(made), Some(("wish_area", true)));
        assert_eq!(
            index_made("create index wish_area on wish (area_code)"),
            None
        );
        assert_eq!(index_made("drop index concurrently wish_area"), None);
    }
}
