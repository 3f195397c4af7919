//! Health as the standard service tells it: `""` and each service mean ready,
//! and follow the database; `liveness` means that the process answers. The
//! database is asked over a connection of its own: calls that wait for one another
//! are no reason to send them elsewhere, where they would wait again.

use std::time::Duration;

use opentelemetry::{global::meter, metrics::Gauge};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, postgres::PgConnectOptions,
};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often the database is asked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it may take to answer, connecting included.
const TIMEOUT: Duration = Duration::from_secs(2);

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
    let mut probe = Probe::new(&pool);
    while !stop.is_cancelled() {
        let ready = probe.is_ready().await;
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

/// Every service, and the process as a whole, is ready or not.
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

/// The connection over which the database is asked.
struct Probe {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Probe {
    /// Asks the database of a pool, not the pool.
    fn new(pool: &PgPool) -> Self {
        let options = PgConnectOptions::clone(&pool.connect_options());
        Self {
            options: options.disable_statement_logging(),
            connection: None,
        }
    }

    async fn is_ready(&mut self) -> bool {
        // Taken, so that one that failed or said nothing is not used again.
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
