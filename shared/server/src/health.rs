//! Health as the standard service tells it: `""` and each service mean ready,
//! and follow the database; `liveness` means that the process answers.

use std::time::Duration;

use opentelemetry::{global::meter, metrics::Gauge};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often the database is asked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps the health of `services` true until `stop`, and not ready behind it.
pub(crate) async fn watch(
    reporter: HealthReporter,
    services: &'static [&'static str],
    pool: PgPool,
    stop: CancellationToken,
) {
    lives(&reporter).await;
    let measured = measured();
    let mut was_ready = None;
    while !stop.is_cancelled() {
        let ready = is_ready(&pool).await;
        measured.record(ready.into(), &[]);
        if was_ready != Some(ready) {
            if was_ready.is_some() {
                tracing::warn!(ready, "readiness changed");
            }
            report(&reporter, services, ready).await;
            was_ready = Some(ready);
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
    report(&reporter, services, false).await;
}

/// Whether the database answers and is up to date.
pub(crate) fn measured() -> Gauge<u64> {
    meter("wangge")
        .u64_gauge("wangge.database.ready")
        .with_description("1 while the database answers and is up to date.")
        .build()
}

/// The process answers.
pub(crate) async fn lives(reporter: &HealthReporter) {
    reporter
        .set_service_status("liveness", ServingStatus::Serving)
        .await;
}

async fn report(reporter: &HealthReporter, services: &[&str], ready: bool) {
    let status = if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    for service in services.iter().chain(&[""]) {
        reporter.set_service_status(*service, status).await;
    }
}

async fn is_ready(pool: &PgPool) -> bool {
    let answer = sqlx::query("select 1").execute(pool);
    matches!(tokio::time::timeout(PATIENCE, answer).await, Ok(Ok(_)))
}
