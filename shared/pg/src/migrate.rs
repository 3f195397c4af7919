//! Bringing a database up to date while others work in it: the tables that every
//! service has, then the service's own. Waits for a database that is still
//! starting; takes no lock for which others would have to wait in line behind
//! it for long; and says for whom it waits. It refuses to decide whether a
//! migration is safe: `xtask check` does.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, SqlSafeStr as _,
    migrate::{Migrate as _, MigrateError, Migration, Migrator},
};

use crate::{
    error::StoreError,
    pool::{Access, pool},
};

/// Tables that every service has. Their versions are below those of services,
/// which begin with a date.
static SHARED: Migrator = sqlx::migrate!("./migrations");

/// Where it is kept which migrations have been run.
const TABLE: &str = "_sqlx_migrations";

/// How often, a second apart, a database that can't be reached is tried.
const ATTEMPTS: u32 = 30;

/// How long a migration waits for the lock of a table: for as long, calls wait
/// behind it.
const LOCK_TIMEOUT: &str = "2s";
/// How long a try waits for another program that migrates. Shorter than the
/// second after which PostgreSQL looks for deadlocks: an index that is made
/// without locking waits for every transaction, also for one that waits here.
const TURN_TIMEOUT: &str = "500ms";
/// The pause after the first try that got no lock; each one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How often it is looked for whom a migration waits.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the migrations that have not been run yet. One that gets no lock is
/// undone and tried again, until it gets it.
///
/// # Errors
/// When the database can't be reached for half a minute, or a migration fails.
pub async fn migrate(pool: &PgPool, own: &Migrator) -> Result<(), MigrateError> {
    wait_for(pool).await?;
    let mut pause = FIRST_PAUSE;
    loop {
        let mut connection = pool.acquire().await?.detach();
        let process: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await?;
        let outcome = tokio::select! {
            outcome = run(&mut connection, own) => outcome,
            never = tell_blockers(pool, process) => match never {},
        };
        // With it go its locks and its settings, whatever became of it.
        let _ = connection.close().await;
        match outcome {
            Err(error) if got_no_lock(&error) => {
                tracing::warn!(%error, "a migration got no lock in time, and is tried again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Runs what has not been run, in order.
async fn run(connection: &mut PgConnection, own: &Migrator) -> Result<(), MigrateError> {
    // However long it takes: what must not is waiting for locks.
    connection.execute("set statement_timeout = 0").await?;
    set_lock_timeout(connection, TURN_TIMEOUT).await?;
    connection.lock().await?;
    connection.ensure_migrations_table(TABLE).await?;
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version));
    }
    let applied = connection.list_applied_migrations(TABLE).await?;
    let applied: HashMap<i64, _> = applied
        .into_iter()
        .map(|applied| (applied.version, applied.checksum))
        .collect();
    // Versions that this program doesn't know are those of a newer one.
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
    // What runs without a transaction locks nobody out while it waits.
    set_lock_timeout(connection, "0").await?;
    let (all_but_last, last) = steps(migration.sql.as_str());
    for step in all_but_last {
        drop_leftover(connection, step).await?;
        // From a migration of ours, word by word.
        connection.execute(AssertSqlSafe(step.to_owned())).await?;
    }
    drop_leftover(connection, last).await?;
    let mut migration = migration.clone();
    migration.sql = AssertSqlSafe(last.to_owned()).into_sql_str();
    connection.apply(TABLE, &migration).await?;
    Ok(())
}

/// The statements of a migration without a transaction, the last one apart. Each
/// runs by itself: several sent together are a transaction. Those that make or
/// drop indexes can be told apart at the ends of lines.
fn steps(sql: &str) -> (Vec<&str>, &str) {
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
    sqlx::query("select set_config('lock_timeout', $1, false)")
        .bind(to)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops what an earlier run of a migration left of its index: one that was cut
/// short is invalid; one that was finished, but not noted down, is made again
/// unless the statement does without.
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
        tracing::info!(index = name, "dropping what an earlier run left behind");
        // The name was quoted by the database itself.
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// Name of the index that a statement makes without locking its table, and
/// whether it does so only if there is none of this name.
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

/// Another transaction holds what it needs, or waits for what it holds.
fn got_no_lock(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "55P03" || code == "40P01")
}

/// Says for whom a process waits, each time that this changes. Not what they do:
/// their statements may have values in them.
async fn tell_blockers(pool: &PgPool, process: i32) -> Infallible {
    let mut told = Vec::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let blockers: Result<Vec<String>, _> = sqlx::query_scalar(
            "select format('process %s (%s, %s), in its transaction since %s', pid, \
                 application_name, coalesce(state, 'unknown'), xact_start) \
             from pg_stat_activity where pid = any(pg_blocking_pids($1)) order by pid",
        )
        .bind(process)
        .fetch_all(pool)
        .await;
        // It is the migration that matters: what can't be seen is not told.
        let blockers = blockers.unwrap_or_default();
        if blockers != told && !blockers.is_empty() {
            tracing::warn!(blockers = %blockers.join("; "), "a migration waits");
        }
        told = blockers;
    }
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
