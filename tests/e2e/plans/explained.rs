//! Plans by which PostgreSQL has answered statements, as it tells them to whoever
//! sent these. It judges none.

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

/// Where sqlx tells what PostgreSQL has to say besides its answers.
const NOTICES: &str = "sqlx::postgres::notice";

static PLANS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Listens from now on.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let notices = filter_fn(|about| about.target() == NOTICES);
        let subscriber = Registry::default().with(Listener.with_filter(notices));
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
}

/// Has sessions that begin from now on tell their plans.
pub(super) async fn enable(pool: &PgPool) {
    for setting in [
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_level = notice",
        "auto_explain.log_format = json",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        // Last, so that no session tells them in another form.
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

/// The plans that were told since the last time.
pub(super) fn take() -> Vec<Value> {
    std::mem::take(&mut PLANS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Rows that the scans of a plan looked at, whether they took them or not.
pub(super) fn rows_read(plan: &Value) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    // An index that a bitmap is made of returns what its heap scan then looks at.
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
