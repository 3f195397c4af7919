//! Sets up a process's logs, and traces and metrics where a collector is named.

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

/// How long the last spans, and behind them the last metrics, may take to leave at
/// shutdown: what is left of a process's ten seconds.
const FLUSH: Duration = Duration::from_secs(1);

/// What is logged, how, and where traces and metrics go.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// What is logged: levels, for all or by module.
    #[arg(
        long,
        env = "WANGGE_LOG",
        default_value = "info,sqlx=warn",
        value_parser = filter,
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
    /// OTLP collector (gRPC) for traces, none are sent without it; and for metrics,
    /// unless they are served.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    pub otlp_endpoint: Option<String>,
    /// Share of the traces that are sampled and sent, from 0 to 1, also of those
    /// that a caller has begun: the caller's own flag doesn't decide.
    #[arg(
        long,
        env = "OTEL_TRACES_SAMPLER_ARG",
        default_value_t = 0.1,
        value_parser = share,
        global = true
    )]
    pub trace_share: f64,
    /// Address on which metrics are served at /metrics for a Prometheus, and then
    /// not sent; nowhere if it is left out. Example: 0.0.0.0:9464.
    #[arg(long, env = "WANGGE_METRICS_LISTEN", global = true)]
    pub metrics_listen: Option<SocketAddr>,
}

impl TelemetryArgs {
    /// The collector; an empty address is none, as deployments set what they have.
    fn collector(&self) -> Option<&str> {
        self.otlp_endpoint
            .as_deref()
            .filter(|endpoint| !endpoint.is_empty())
    }
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

/// What goes wrong when telemetry is set up.
type Failure = Box<dyn Error + Send + Sync>;

/// What has been set up; shut it down before the process ends.
#[derive(Debug, Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Sets up logs; traces if a collector is named; metrics for it, and for
    /// whoever asks. Call it within a runtime.
    ///
    /// # Errors
    /// When the collector's address can't be read, a filter makes no sense or
    /// the address of the metrics can't be had.
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
            // Spans are sent whatever the log's level; libraries' own are not.
            let ours = Targets::new().with_target("wangge", LevelFilter::INFO);
            // What each span would be told besides: lines of our code, threads,
            // time awaited. It is paid for with every call, and asked for by none.
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_context_activation(false)
                .with_filter(ours)
        });
        // Never an `Option`, which would not tell the layer where it is.
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

    /// Sends what has not been sent yet, for a second each at most.
    pub fn shut_down(self) {
        if let Some(traces) = self.traces {
            let _ = traces.shutdown_with_timeout(FLUSH);
        }
        if let Some(metrics) = self.metrics {
            let _ = metrics.shutdown_with_timeout(FLUSH);
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
        _ => Err("must lie between 0 and 1".to_owned()),
    }
}

/// Where spans go, if a collector is named.
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
            .with_resource(resource.clone())
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_batch_exporter(spans)
            .build(),
    ))
}

/// Where measurements go, if anybody wants them: they are told once, to whoever
/// asks, or else to the collector. (One that only takes traces would refuse them.)
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
