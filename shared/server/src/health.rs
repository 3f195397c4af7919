//! The standard gRPC health service. `""` and each service report readiness, which
//! follows the database; `liveness` reports that the process responds. The database is
//! probed over a dedicated connection: if the pool is exhausted, moving its calls to
//! other replicas would only exhaust theirs.

use std::time::Duration;

use opentelemetry::{global::meter, metrics::Gauge};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, postgres::PgConnectOptions,
};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// Interval between probes of the database.
const INTERVAL: Duration = Duration::from_secs(1);
/// Timeout of a probe, connecting included.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Updates the health status of `services` until `stop`, then reports not ready.
pub(crate) async fn watch(
    reporter: HealthReporter,
    services: Vec<&'static str>,
    pool: PgPool,
    stop: CancellationToken,
) {
    lives(&reporter).await;
    let measured = measured();
    let mut was_ready = None;
    let mut probe = Probe::new(&pool);
    while !stop.is_cancelled() {
        let ready = probe.is_ready().await;
        measured.record(ready.into(), &[]);
        // Only on a change: each set makes every open `Watch` stream send again.
        if was_ready != Some(ready) {
            if was_ready.is_some() {
                tracing::warn!(ready, "readiness changed");
            }
            report(&reporter, &services, ready).await;
            was_ready = Some(ready);
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
    report(&reporter, &services, false).await;
}

/// Builds the gauge `wangge.database.ready`.
pub(crate) fn measured() -> Gauge<u64> {
    meter("wangge")
        .u64_gauge("wangge.database.ready")
        .with_description("1 while the database is reachable and its schema is up to date.")
        .build()
}

/// Reports the process as live.
pub(crate) async fn lives(reporter: &HealthReporter) {
    reporter
        .set_service_status("liveness", ServingStatus::Serving)
        .await;
}

/// Reports every service, and the process as a whole, as ready or not ready.
pub(crate) async fn report(reporter: &HealthReporter, services: &[&str], ready: bool) {
    let status = if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    for service in services.iter().chain(&[""]) {
        reporter.set_service_status(*service, status).await;
    }
}

/// A probe of the database over a connection of its own.
struct Probe {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Probe {
    /// Creates a probe with the connection options of `pool`; it never uses the pool
    /// itself.
    fn new(pool: &PgPool) -> Self {
        let options = PgConnectOptions::clone(&pool.connect_options());
        Self {
            options: options.disable_statement_logging(),
            connection: None,
        }
    }

    async fn is_ready(&mut self) -> bool {
        // Taken out, so that a connection that failed or timed out is dropped and not
        // reused.
        let connection = self.connection.take();
        let asked = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            sqlx::query("select 1").execute(&mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        if let Ok(Ok(connection)) = tokio::time::timeout(TIMEOUT, asked).await {
            self.connection = Some(connection);
        }
        self.connection.is_some()
    }
}
