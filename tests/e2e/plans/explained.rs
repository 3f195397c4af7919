//! Captures the plans that `auto_explain` sends to the session that ran the statements.
//! It doesn't judge them.

use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;
use sqlx::PgPool;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, filter::filter_fn, layer::Context, prelude::*, registry::Registry,
};

/// Target of the events in which sqlx emits PostgreSQL's notices.
const NOTICES: &str = "sqlx::postgres::notice";

static PLANS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Starts capturing notices.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let notices = filter_fn(|about| about.target() == NOTICES);
        let subscriber = Registry::default().with(Listener.with_filter(notices));
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
}

/// Enables `auto_explain` for all sessions that start from now on.
pub(super) async fn enable(pool: &PgPool) {
    for setting in [
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_level = notice",
        "auto_explain.log_format = json",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        // Last, so that no session loads it before its output format is set.
        "session_preload_libraries = auto_explain",
    ] {
        let statement = format!(
            "do $$ begin execute format('alter database %I set {setting}', current_database()); end $$"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(pool)
            .await
            .expect("a setting");
    }
}

/// Returns the plans captured since the last call.
pub(super) fn take() -> Vec<Value> {
    std::mem::take(&mut PLANS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Returns the number of rows that the scans of a plan read, including those filtered
/// out.
pub(super) fn rows_read(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    // An index scan below a bitmap returns the rows that the heap scan then reads.
    let scans = kind.contains("Scan") && kind != "Bitmap Index Scan";
    let of_a_table = plan.get("Relation Name").is_some();
    let own = if scans && of_a_table {
        let rows = number("Actual Rows")
            + number("Rows Removed by Filter")
            + number("Rows Removed by Index Recheck");
        rows * number("Actual Loops")
    } else {
        0.0
    };
    let below = plan["Plans"].as_array().into_iter().flatten();
    own + below.map(rows_read).sum::<f64>()
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Message);
    }
}

/// The text of an event, which may be a plan.
struct Message;

impl Visit for Message {
    fn record_str(&mut self, _: &Field, text: &str) {
        if let Some((_, plan)) = text.split_once("plan:\n") {
            let plan = serde_json::from_str(plan).expect("a plan");
            let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            plans.push(plan);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
