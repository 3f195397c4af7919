//! Metrics of connections, named by the OpenTelemetry semantic conventions.

use std::{sync::LazyLock, time::Instant};

use opentelemetry::{
    KeyValue,
    global::meter,
    metrics::{AsyncInstrument, Counter, Histogram},
};

use crate::Database;

const POOL: &str = "db.client.connection.pool.name";
/// The label for timeouts of all pools that aren't lanes: sqlx's error doesn't name
/// the pool.
pub(crate) const POOLS: &str = "pools";
const STATE: &str = "db.client.connection.state";

static WAITED: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    meter("wangge")
        .f64_histogram("db.client.connection.wait_time")
        .with_unit("s")
        .with_description("Time spent waiting for a connection, whether new or idle.")
        .with_boundaries(vec![
            0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0,
        ])
        .build()
});
static TIMED_OUT: LazyLock<Counter<u64>> = LazyLock::new(|| {
    meter("wangge")
        .u64_counter("db.client.connection.timeouts")
        .with_description("Timeouts while waiting for a connection.")
        .build()
});

/// Registers the metrics of a database's pools.
pub fn measure(database: &Database) {
    // Timeouts are exported as zero from the start, so that the first one is
    // visible as an increase.
    let pools = [
        ("calls", database.calls.clone()),
        ("feed", database.feed.clone()),
        ("background", database.background.clone()),
    ];
    let lanes = [
        ("lanes", database.lanes.clone()),
        ("list_lanes", database.list_lanes.clone()),
        ("background_lanes", database.background_lanes.clone()),
    ];
    crate::cancel::measure();
    let limits = (pools.clone(), lanes.clone());
    let names = lanes.iter().map(|(name, _)| *name);
    for name in names.chain([POOLS]) {
        TIMED_OUT.add(0, &[KeyValue::new(POOL, name)]);
    }
    meter("wangge")
        .u64_observable_gauge("db.client.connection.count")
        .with_description("Connections of a pool, by state.")
        .with_callback(move |to| {
            for (name, pool) in &pools {
                let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
                count(to, name, pool.size().saturating_sub(idle), idle);
            }
            for (name, lanes) in &lanes {
                count(to, name, lanes.used(), lanes.free());
            }
        })
        .build();
    meter("wangge")
        .u64_observable_gauge("db.client.connection.max")
        .with_description("Maximum number of connections of a pool.")
        .with_callback(move |to| {
            for (name, pool) in &limits.0 {
                let max = pool.options().get_max_connections();
                to.observe(max.into(), &[KeyValue::new(POOL, *name)]);
            }
            for (name, lanes) in &limits.1 {
                to.observe(lanes.limit().into(), &[KeyValue::new(POOL, *name)]);
            }
        })
        .build();
}

fn count(to: &dyn AsyncInstrument<u64>, pool: &'static str, used: u32, idle: u32) {
    for (state, number) in [("used", used), ("idle", idle)] {
        let labels = [KeyValue::new(POOL, pool), KeyValue::new(STATE, state)];
        to.observe(number.into(), &labels);
    }
}

/// Records the wait for a connection of a pool.
pub(crate) fn waited(pool: &'static str, since: Instant) {
    WAITED.record(since.elapsed().as_secs_f64(), &[KeyValue::new(POOL, pool)]);
}

/// Counts a timeout while waiting for a connection.
pub(crate) fn timed_out(pool: &'static str) {
    TIMED_OUT.add(1, &[KeyValue::new(POOL, pool)]);
}
