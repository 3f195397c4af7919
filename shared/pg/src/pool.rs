//! Pools of connections. A pool opens its first connection when it is first
//! used, so that a service starts, and answers `UNAVAILABLE`, without its
//! database.

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

/// How long a call waits for a free connection before it is refused.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A transaction that has been idle for longer was forgotten by somebody.
const IDLE_IN_TRANSACTION: &str = "10s";

/// How much longer than a call's deadline its statements may run: the call has
/// its own reason by then.
const DEADLINE_MARGIN: Duration = Duration::from_secs(5);
/// How long a call's statement waits for a lock. Whoever holds one for longer
/// holds up everybody.
const LOCK_TIMEOUT: &str = "20s";

/// Makes a backend notice within two seconds that its client is gone, where the
/// server knows how; returns the backend's process id.
const PREPARE: &str = "select pg_backend_pid(), (select set_config(name, '2000', false) \
     from pg_settings where name = 'client_connection_check_interval' and version() like '%linux%')";

/// Settings under which rows are looked up by index, with a plan that is made
/// once: how many are asked for together does not change it, and planning took
/// longer than looking them up.
const BY_INDEX: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Settings under which lists are read in the order of an index up to the end
/// of the page, instead of being gathered whole and sorted. The index is the one
/// by which the fewest rows are looked at: that the rows of another one lie side
/// by side in the table says nothing where most of them are passed over.
const IN_ORDER: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_sort", "off"),
    ("enable_seqscan", "off"),
    ("seq_page_cost", "0"),
    ("random_page_cost", "0"),
];

/// How a database is reached.
#[derive(Clone)]
pub struct Access {
    options: PgConnectOptions,
    password: Option<String>,
    /// The deadline of calls that bring none.
    deadline: Duration,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access")
    }
}

impl Access {
    /// By a URL, with a password that stands in it or in a file.
    ///
    /// # Errors
    /// When the URL or the file can't be read.
    pub fn of(url: &str, password_file: Option<&Path>) -> Result<Self, sqlx::Error> {
        let mut options = PgConnectOptions::from_str(url)?;
        let mut password = None;
        if let Some(path) = password_file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                sqlx::Error::Configuration(format!("{}: {error}", path.display()).into())
            })?;
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            options = options.password(&text);
            password = Some(text);
        }
        let settings = [
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
            // Statements are short: compiling one costs more than it saves.
            ("jit", "off"),
            // A peer that has vanished leaves its locks to others in half a minute.
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ];
        let options = options
            .options(settings)
            .application_name("wangge")
            // For traces; whether anything is made of it is decided there.
            .log_statements(log::LevelFilter::Debug)
            .log_slow_statements(log::LevelFilter::Off, Duration::MAX);
        Ok(Self {
            options,
            password,
            deadline: Duration::from_secs(30),
        })
    }

    /// The same, where calls have another deadline than 30 s.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// What connections for calls are made with: their statements end when nobody
    /// can wait for them any more.
    fn for_calls(&self) -> PgConnectOptions {
        let limit = self.deadline.saturating_add(DEADLINE_MARGIN).as_millis();
        let limit = limit.min(i32::MAX.unsigned_abs().into()).to_string();
        let limits = [
            ("statement_timeout", limit.as_str()),
            ("lock_timeout", LOCK_TIMEOUT),
        ];
        self.options.clone().options(limits)
    }

    /// What a single connection is made with.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// The same, for statements that are told to nobody.
    pub(crate) fn untold(&self) -> Self {
        Self {
            options: self.options.clone().disable_statement_logging(),
            password: self.password.clone(),
            deadline: self.deadline,
        }
    }

    /// The password, if it stands in a file.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// A URL of a database, for whoever reads settings.
///
/// # Errors
/// Why it is none; without the URL, which may have a password in it.
pub fn url(text: &str) -> Result<String, String> {
    let known = ["postgres://", "postgresql://"];
    let readable = known.iter().any(|scheme| text.starts_with(scheme))
        && PgConnectOptions::from_str(text).is_ok();
    if readable {
        Ok(text.to_owned())
    } else {
        Err("must be like postgres://role@host:5432/database".to_owned())
    }
}

/// The pools of one service. Calls, feeds and background work can't starve one
/// another.
#[derive(Debug, Clone)]
pub struct Database {
    /// For calls.
    pub calls: PgPool,
    /// For readers of the feed.
    pub feed: PgPool,
    /// For the sequencer, consumers and everything else that nobody waits for.
    pub background: PgPool,
    /// For statements that find their rows by keys. They are planned once, when
    /// tables may still be small; any plan but by index would be wrong later.
    pub lanes: Lanes,
    /// For lists: each is planned for its own arguments, and read in the order
    /// of an index.
    pub list_lanes: Lanes,
    /// For work that is one statement and that nobody waits for.
    pub background_lanes: Lanes,
}

impl Database {
    /// Pools on the database at `url`, of which calls get `max_connections`.
    ///
    /// # Errors
    /// When the URL can't be read.
    pub fn open(url: &str, max_connections: u32) -> Result<Self, sqlx::Error> {
        Ok(Self::at(&Access::of(url, None)?, max_connections))
    }

    /// The same, wherever the database's password stands.
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

    /// Closes all connections.
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

/// When a connection was last found older than its database's schema.
static OUTDATED: Mutex<Option<Instant>> = Mutex::new(None);

/// Connections that are open now have statements prepared for an older schema,
/// and are not used again. Which database it was is not looked at: to connect
/// again after an upgrade costs the others little.
pub(crate) fn outdate() {
    *OUTDATED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

fn is_outdated(age: Duration) -> bool {
    let since = *OUTDATED.lock().unwrap_or_else(PoisonError::into_inner);
    since.is_some_and(|since| since.elapsed() <= age)
}

/// A pool on the database at `url`, of at most `max_connections`.
///
/// # Errors
/// When the URL can't be read; not when the database can't be reached.
pub fn open(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    Ok(pool(&Access::of(url, None)?, max_connections))
}

/// The same, wherever the database's password stands.
pub fn pool(access: &Access, max_connections: u32) -> PgPool {
    pool_with(access.options.clone(), max_connections)
}

/// Prepares a new connection; returns its backend's process id.
pub(crate) async fn prepare(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    let statement = sqlx::query_as::<_, (i32, Option<String>)>(PREPARE).persistent(false);
    Ok(statement.fetch_one(connection).await?.0)
}

fn pool_with(options: PgConnectOptions, max_connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        // A connection is tested when it comes back; testing it again when it
        // is taken would cost each call a round trip.
        .test_before_acquire(false)
        .before_acquire(|_, connection| {
            let current = !is_outdated(connection.age);
            Box::pin(async move { Ok(current) })
        })
        .after_connect(|connection, _| {
            Box::pin(async move { prepare(connection).await.map(|_| ()) })
        })
        // Writes run in `transact`, which ends what it begins. This catches
        // whoever did not use it.
        .after_release(|connection, _| {
            let clean = !connection.is_in_transaction();
            Box::pin(async move { Ok(clean) })
        })
        .connect_lazy_with(options)
}
