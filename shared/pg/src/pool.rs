//! Pools of connections. A pool opens its first connection when it is first
//! used, so that a service starts, and answers `UNAVAILABLE`, without its
//! database.

use std::{str::FromStr as _, time::Duration};

use crate::lanes::Lanes;
use sqlx::{
    ConnectOptions as _, Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// How long a call waits for a free connection before it is refused.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A transaction that has been idle for longer was forgotten by somebody.
const IDLE_IN_TRANSACTION: &str = "10s";

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
/// of the page, instead of being gathered whole and sorted.
const IN_ORDER: [(&str, &str); 3] = [
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_sort", "off"),
    ("enable_seqscan", "off"),
];

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
        Ok(Self {
            calls: open(url, max_connections)?,
            feed: open(url, 4)?,
            background: open(url, 4)?,
            lanes: Lanes::new(options(url)?.options(BY_INDEX), max_connections),
            list_lanes: Lanes::new(options(url)?.options(IN_ORDER), max_connections),
            background_lanes: Lanes::new(options(url)?.options(BY_INDEX), 2),
        })
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

/// A pool on the database at `url`, of at most `max_connections`.
///
/// # Errors
/// When the URL can't be read; not when the database can't be reached.
pub fn open(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
        // A connection is tested when it comes back; testing it again when it
        // is taken would cost each call a round trip.
        .test_before_acquire(false)
        // Writes run in `transact`, which ends what it begins. This catches
        // whoever did not use it.
        .after_release(|connection, _| {
            let clean = !connection.is_in_transaction();
            Box::pin(async move { Ok(clean) })
        })
        .connect_lazy_with(options(url)?))
}

fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?
        .options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)])
        .application_name("wangge")
        .log_statements(log::LevelFilter::Off)
        .log_slow_statements(log::LevelFilter::Off, Duration::ZERO))
}
