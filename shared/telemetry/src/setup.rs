//! Sets up a process's logs, and traces and metrics where a collector is named.

use std::{error::Error, io::IsTerminal as _, time::Duration};

use clap::{Args, ValueEnum};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How long the last spans and metrics may take to leave at shutdown.
const FLUSH: Duration = Duration::from_secs(2);

/// What is logged, how, and where traces and metrics go.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// What is logged: levels, for all or by module.
    #[arg(
        long,
        env = "WANGGE_LOG",
        default_value = "info,sqlx=warn",
        global = true
    )]
    pub log: String,
    /// Shape of the log lines.
    #[arg(
        long,
        env = "WANGGE_LOG_FORMAT",
        value_enum,
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,
    /// OTLP collector (gRPC) for traces and metrics; none are sent without it.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    pub otlp_endpoint: Option<String>,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// What has been set up; shut it down before the process ends.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Sets up logs, and traces and metrics if a collector is named.
    ///
    /// # Errors
    /// When the collector's address can't be read or a filter makes no sense.
    pub fn start(
        args: &TelemetryArgs,
        service: &'static str,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut telemetry = Self::default();
        if let Some(endpoint) = &args.otlp_endpoint {
            telemetry.export(endpoint, service)?;
        }
        let filter = EnvFilter::try_new(&args.log)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match args.log_format {
            LogFormat::Text => lines
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        let spans = telemetry.traces.as_ref().map(|provider| {
            // Spans are sent whatever the log's level; libraries' own are not.
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("wangge"))
                .with_filter(tracing_subscriber::filter::filter_fn(|metadata| {
                    metadata.target().starts_with("wangge")
                }))
        });
        tracing_subscriber::registry()
            .with(spans)
            .with(lines.with_filter(filter))
            .try_init()?;
        Ok(telemetry)
    }

    fn export(
        &mut self,
        endpoint: &str,
        service: &'static str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let resource = Resource::builder().with_service_name(service).build();
        let spans = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        self.traces = Some(
            SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(spans)
                .build(),
        );
        let metrics = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        let provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_periodic_exporter(metrics)
            .build();
        opentelemetry::global::set_meter_provider(provider.clone());
        self.metrics = Some(provider);
        Ok(())
    }

    /// Sends what has not been sent yet, for two seconds at most.
    pub fn shut_down(self) {
        if let Some(traces) = self.traces {
            let _ = traces.shutdown_with_timeout(FLUSH);
        }
        if let Some(metrics) = self.metrics {
            let _ = metrics.shutdown_with_timeout(FLUSH);
        }
    }
}
