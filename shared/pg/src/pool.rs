//! Connection pools. A pool connects lazily, so that a service can start without
//! its database and responds with `UNAVAILABLE` until it can connect.

use std::{
    path::Path,
    str::FromStr as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::lanes::Lanes;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Timeout for a free connection; the call is rejected after it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle timeout inside a transaction: one that is idle for longer was leaked.
const IDLE_IN_TRANSACTION: &str = "10s";

/// The margin by which a call's statements may outlive its deadline; the call has
/// failed with its own error by then.
const DEADLINE_MARGIN: Duration = Duration::from_secs(5);
/// Timeout for a lock that a call's statement needs. Longer-held locks block every
/// other caller.
const LOCK_TIMEOUT: &str = "20s";

/// Lets a backend notice within two seconds that its client has disconnected, on
/// platforms where the server supports it; returns the backend's process id.
const PREPARE: &str = "select pg_backend_pid(), (select set_config(name, '2000', false) \
     from pg_settings where name = 'client_connection_check_interval' and version() like '%linux%')";

/// Settings for lookups by key, through an index and with a generic plan: the
/// number of keys doesn't change the plan, and planning took longer than the
/// lookup.
const BY_INDEX: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Settings for lists, which are read in index order up to the end of the page
/// instead of being fetched whole and sorted. Page costs of zero make the planner
/// choose the index that visits the fewest rows: physical correlation of another
/// index is worth nothing if most of its rows are filtered out.
const IN_ORDER: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_sort", "off"),
    ("enable_seqscan", "off"),
    ("seq_page_cost", "0"),
    ("random_page_cost", "0"),
];

/// Connection options of a database, and the deadline of calls that use it.
#[derive(Clone)]
pub struct Access {
    options: PgConnectOptions,
    password: Option<String>,
    /// Deadline of calls that don't specify one.
    deadline: Duration,
}

impl std::fmt::Debug for Access {
    // The options contain the password, so they must not be printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access")
    }
}

impl Access {
    /// Parses a URL; the password is in it or in a file.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or the file can't be read.
    pub fn of(url: &str, password_file: Option<&Path>) -> Result<Self, sqlx::Error> {
        let mut options = PgConnectOptions::from_str(url)?;
        let mut password = None;
        if let Some(path) = password_file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                sqlx::Error::Configuration(format!("{}: {error}", path.display()).into())
            })?;
            // Editors and `echo` append a line break to secret files.
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            options = options.password(&text);
            password = Some(text);
        }
        let settings = [
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
            // Statements are short: JIT compilation costs more than it saves.
            ("jit", "off"),
            // Connections keep their plans. One that was made while a table was small
            // and not yet analysed would scan it for as long as it grows: the first
            // load of a database took quadratic time. Where only a scan can return the
            // rows, PostgreSQL still scans.
            ("enable_seqscan", "off"),
            // A client host that has vanished releases its locks after half a
            // minute.
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ];
        let options = options
            .options(settings)
            .application_name("wangge")
            // Feeds tracing: the telemetry layer decides which statements become
            // spans.
            .log_statements(log::LevelFilter::Debug)
            .log_slow_statements(log::LevelFilter::Off, Duration::MAX);
        Ok(Self {
            options,
            password,
            deadline: Duration::from_secs(30),
        })
    }

    /// Sets another deadline for calls; the default is 30 s.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Returns the options of connections that serve calls: with a statement
    /// timeout, so that no statement runs on after every caller has timed out.
    fn for_calls(&self) -> PgConnectOptions {
        let limit = self.deadline.saturating_add(DEADLINE_MARGIN).as_millis();
        let limit = limit.min(i32::MAX.unsigned_abs().into()).to_string();
        let limits = [
            ("statement_timeout", limit.as_str()),
            ("lock_timeout", LOCK_TIMEOUT),
        ];
        self.options.clone().options(limits)
    }

    /// Returns the options for a single connection, without the timeouts of calls.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Returns a copy that logs no statements.
    pub(crate) fn untold(&self) -> Self {
        Self {
            options: self.options.clone().disable_statement_logging(),
            password: self.password.clone(),
            deadline: self.deadline,
        }
    }

    /// Returns the password, if it was read from a file.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// Validates a database URL; a parser for settings.
///
/// # Errors
/// Returns the expected format. The URL itself is left out, since it may contain a
/// password.
pub fn url(text: &str) -> Result<String, String> {
    let known = ["postgres://", "postgresql://"];
    let readable = known.iter().any(|scheme| text.starts_with(scheme))
        && PgConnectOptions::from_str(text).is_ok();
    if readable {
        Ok(text.to_owned())
    } else {
        Err("must have the form postgres://role@host:5432/database".to_owned())
    }
}

/// The pools of one service, separate so that calls, feeds and background work
/// can't starve one another.
#[derive(Debug, Clone)]
pub struct Database {
    /// Serves calls that need a transaction or several statements.
    pub calls: PgPool,
    /// Serves the readers of the feed.
    pub feed: PgPool,
    /// Serves the sequencer, consumers and other work that no caller waits for.
    pub background: PgPool,
    /// Serves statements that look up rows by key. They are planned once, while
    /// tables may still be small; any plan but an index lookup would be wrong
    /// later.
    pub lanes: Lanes,
    /// Serves lists: each is planned for its own arguments and read in index order.
    pub list_lanes: Lanes,
    /// Serves single-statement work that no caller waits for.
    pub background_lanes: Lanes,
}

impl Database {
    /// Opens the pools on the database at `url`, with `max_connections` for calls.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid.
    pub fn open(url: &str, max_connections: u32) -> Result<Self, sqlx::Error> {
        Ok(Self::at(&Access::of(url, None)?, max_connections))
    }

    /// Opens the pools with the given access.
    pub fn at(access: &Access, max_connections: u32) -> Self {
        let calls = || access.for_calls();
        Self {
            calls: pool_with(calls(), max_connections),
            feed: pool(access, 5),
            background: pool(access, 4),
            lanes: Lanes::new("lanes", calls().options(BY_INDEX), max_connections),
            list_lanes: Lanes::new("list_lanes", calls().options(IN_ORDER), max_connections),
            background_lanes: Lanes::new(
                "background_lanes",
                access.options.clone().options(BY_INDEX),
                2,
            ),
        }
    }

    /// Closes all connections of all pools.
    pub async fn close(&self) {
        futures::join!(
            self.calls.close(),
            self.feed.close(),
            self.background.close(),
            self.lanes.close(),
            self.list_lanes.close(),
            self.background_lanes.close()
        );
    }
}

/// The last time that a connection was found to be older than its database's
/// schema.
static OUTDATED: Mutex<Option<Instant>> = Mutex::new(None);

/// Marks all open connections as outdated: their prepared statements were made for
/// an older schema. It applies to the pools of all databases of the process, since
/// reconnecting after an upgrade is cheap.
pub(crate) fn outdate() {
    *OUTDATED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

fn is_outdated(age: Duration) -> bool {
    let since = *OUTDATED.lock().unwrap_or_else(PoisonError::into_inner);
    since.is_some_and(|since| since.elapsed() <= age)
}

/// Opens a pool on the database at `url`, of at most `max_connections`.
///
/// # Errors
/// Returns an error if the URL is invalid, not if the database can't be reached.
pub fn open(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    Ok(pool(&Access::of(url, None)?, max_connections))
}

/// Opens a pool with the given access.
pub fn pool(access: &Access, max_connections: u32) -> PgPool {
    pool_with(access.options.clone(), max_connections)
}

/// Prepares a new connection and returns its backend's process id.
pub(crate) async fn prepare(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    // Not persistent: it runs once per connection, so caching it as a prepared
    // statement is useless.
    let statement = sqlx::query_as::<_, (i32, Option<String>)>(PREPARE).persistent(false);
    Ok(statement.fetch_one(connection).await?.0)
}

fn pool_with(options: PgConnectOptions, max_connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        // A connection is tested when it is released; testing it again on acquire
        // would cost each call a round trip.
        .test_before_acquire(false)
        // After a schema change, every cached plan of the connection may fail;
        // replace it.
        .before_acquire(|_, connection| {
            let current = !is_outdated(connection.age);
            Box::pin(async move { Ok(current) })
        })
        .after_connect(|connection, _| {
            Box::pin(async move { prepare(connection).await.map(|_| ()) })
        })
        // Writes run in `transact`, which ends what it begins. This catches code
        // that bypasses it.
        .after_release(|connection, _| {
            let clean = !connection.is_in_transaction();
            Box::pin(async move { Ok(clean) })
        })
        .connect_lazy_with(options)
}
