//! Sets up a process's logs, and its traces and metrics where they are configured.

use std::{error::Error, io::IsTerminal as _, net::SocketAddr, time::Duration};

use clap::{Args, ValueEnum};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, Targets},
    layer::{Identity, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use crate::{
    metrics::Page,
    sampling,
    statements::{Sampled, Statements, Traced},
};

/// Timeout for flushing spans, and then again for metrics, at shutdown: what is left of
/// the ten seconds that a process has.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Settings for logs, traces and metrics.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// Log filter: a level for everything, or levels by module.
    #[arg(
        long,
        env = "WANGGE_LOG",
        default_value = "info,sqlx=warn",
        value_parser = filter,
        global = true
    )]
    pub log: String,
    /// Format of log lines.
    #[arg(
        long,
        env = "WANGGE_LOG_FORMAT",
        value_enum,
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,
    /// OTLP collector (gRPC) for traces, and for metrics unless they are served; without
    /// it nothing is sent.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    pub otlp_endpoint: Option<String>,
    /// Ratio of traces to sample and send, from 0 to 1; it also applies to traces that
    /// callers started, and overrides their sampled flag.
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER_ARG",
        default_value_t = 0.1,
        value_parser = share,
        global = true
    )]
    pub trace_share: f64,
    /// Address for serving metrics to Prometheus at /metrics, instead of sending them;
    /// off by default. Example: 0.0.0.0:9464.
    #[arg(long, env = "WANGGE_METRICS_LISTEN", global = true)]
    pub metrics_listen: Option<SocketAddr>,
}

impl TelemetryArgs {
    /// Returns the collector's endpoint. An empty one counts as unset: deployments set
    /// the variable unconditionally.
    fn collector(&self) -> Option<&str> {
        self.otlp_endpoint
            .as_deref()
            .filter(|endpoint| !endpoint.is_empty())
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// Human-readable lines for a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

/// Any error during the setup of telemetry.
type Failure = Box<dyn Error + Send + Sync>;

/// The exporters of a process; shut them down before it exits.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Sets up logs, traces if a collector is configured, and metrics for the collector
    /// or for scraping. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the collector's endpoint or the log filter is invalid, or if
    /// the address for metrics can't be bound.
    pub fn start(args: &TelemetryArgs, service: &'static str) -> Result<Self, Failure> {
        let resource = Resource::builder().with_service_name(service).build();
        let telemetry = Self {
            traces: traces(args, &resource)?,
            metrics: metrics(args, resource)?,
        };
        let filter = EnvFilter::try_new(&args.log)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match args.log_format {
            LogFormat::Text => lines
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        let tracer = telemetry
            .traces
            .as_ref()
            .map(|provider| provider.tracer("wangge"));
        let spans = tracer.clone().map(|tracer| {
            // Spans are exported regardless of the log level, except those of libraries.
            let ours = Targets::new().with_target("wangge", LevelFilter::INFO);
            // Without the attributes that the layer would add to each span (code
            // location, thread, idle time): every call would pay for them, and nobody
            // reads them.
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_context_activation(false)
                .with_filter(ours)
        });
        // Not an `Option` of a layer: that doesn't forward `on_register_dispatch`, which
        // `Sampled` needs.
        let statements = match tracer {
            Some(tracer) => {
                let sampled = Sampled::default();
                let statements = Statements::new(tracer, sampled.clone());
                statements.with_filter(Traced(sampled)).boxed()
            }
            None => Identity::new().boxed(),
        };
        tracing_subscriber::registry()
            .with(spans)
            .with(statements)
            .with(lines.with_filter(filter))
            .try_init()?;
        Ok(telemetry)
    }

    /// Flushes spans and metrics, for at most a second each.
    pub fn shut_down(self) {
        if let Some(traces) = self.traces {
            let _ = traces.shutdown_with_timeout(FLUSH_TIMEOUT);
        }
        if let Some(metrics) = self.metrics {
            let _ = metrics.shutdown_with_timeout(FLUSH_TIMEOUT);
        }
    }
}

fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must be between 0 and 1".to_owned()),
    }
}

/// Creates the span exporter, if a collector is configured.
fn traces(args: &TelemetryArgs, resource: &Resource) -> Result<Option<SdkTracerProvider>, Failure> {
    let Some(endpoint) = args.collector() else {
        return Ok(None);
    };
    let spans = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()?;
    sampling::set_share(args.trace_share);
    let share = Sampler::TraceIdRatioBased(args.trace_share);
    Ok(Some(
        SdkTracerProvider::builder()
            // A remote parent decides: `continue_from_headers` has already set its flag
            // by our ratio.
            .with_resource(resource.clone())
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_batch_exporter(spans)
            .build(),
    ))
}

/// Creates the metrics provider, if metrics are served or sent. They are exported once:
/// scraped if an address is configured, else pushed to the collector, which may accept
/// traces only.
fn metrics(args: &TelemetryArgs, resource: Resource) -> Result<Option<SdkMeterProvider>, Failure> {
    let builder = SdkMeterProvider::builder().with_resource(resource);
    let builder = if let Some(address) = args.metrics_listen {
        let page = Page::default();
        let reader = page.reader()?;
        page.serve(address)?;
        builder.with_reader(reader)
    } else if let Some(endpoint) = args.collector() {
        let exporter = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        builder.with_periodic_exporter(exporter)
    } else {
        return Ok(None);
    };
    let provider = builder.build();
    opentelemetry::global::set_meter_provider(provider.clone());
    Ok(Some(provider))
}
