//! Database statements as spans. sqlx emits an event for each statement once it has
//! finished; if the current work is traced, the event becomes a span. The text of a
//! statement is ours: input from callers is in its parameters, which are not exported.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::WeakDispatch,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::Id,
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{self, Filter},
    registry::LookupSpan,
};

/// Target of the events that sqlx emits for statements.
pub(crate) const TARGET: &str = "sqlx::query";

/// A layer that turns events of statements into spans.
#[derive(Debug)]
pub(crate) struct Statements {
    tracer: SdkTracer,
    sampled: Sampled,
}

impl Statements {
    pub(crate) fn new(tracer: SdkTracer, sampled: Sampled) -> Self {
        Self { tracer, sampled }
    }
}

/// Looks up the OpenTelemetry context of sampled spans.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampled(Arc<OnceLock<WeakDispatch>>);

impl Sampled {
    /// Returns the OpenTelemetry context of a span, if its trace is sampled.
    fn context(&self, span: &Id) -> Option<Context> {
        let dispatch = self.0.get()?.upgrade()?;
        let context = tracing_opentelemetry::get_otel_context(span, &dispatch)?;
        let sampled = context.span().span_context().is_sampled();
        sampled.then_some(context)
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Statements {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // There is only one dispatcher in a process.
        let _ = self.sampled.0.set(dispatch.downgrade());
    }

    fn on_event(&self, event: &Event<'_>, context: layer::Context<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        let Some(parent) = self.sampled.context(&span.id()) else {
            return;
        };
        let mut statement = Statement::default();
        event.record(&mut statement);
        // The event is emitted at the end of the statement, so its start is reckoned
        // back.
        let end = SystemTime::now();
        let start = end.checked_sub(statement.elapsed).unwrap_or(end);
        let text = if statement.text.is_empty() {
            statement.summary.clone()
        } else {
            statement.text
        };
        let operation = statement.summary.split(' ').next().unwrap_or_default();
        let attributes = [
            KeyValue::new("db.system.name", "postgresql"),
            KeyValue::new("db.operation.name", operation.to_uppercase()),
            KeyValue::new("db.query.summary", statement.summary.clone()),
            KeyValue::new("db.query.text", text),
            KeyValue::new("db.response.returned_rows", statement.rows),
        ];
        let span = self
            .tracer
            .span_builder(statement.summary)
            .with_kind(SpanKind::Client)
            .with_start_time(start)
            .with_attributes(attributes);
        let span = span.start_with_context(&self.tracer, &parent);
        opentelemetry::trace::Span::end_with_timestamp(&mut { span }, end);
    }
}

/// A filter for events of statements within sampled traces. Any other statement costs
/// only this lookup, and all other events of libraries, down to single HTTP/2 frames, are
/// disabled at their callsite. Spans of ours pass, so that there is a current span to
/// look up.
#[derive(Debug)]
pub(crate) struct Traced(pub(crate) Sampled);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Filter<S> for Traced {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() && metadata.target().starts_with("wangge") {
            Interest::always()
        } else if !metadata.is_span() && metadata.target() == TARGET {
            // Either the event, or sqlx's check if it is enabled.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG) // of statements that were quick
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: &layer::Context<'_, S>) -> bool {
        if metadata.is_span() {
            return metadata.target().starts_with("wangge");
        }
        metadata.target() == TARGET
            && context
                .lookup_current()
                .is_some_and(|span| self.0.context(&span.id()).is_some())
    }
}

/// The fields of sqlx's event.
#[derive(Debug, Default)]
struct Statement {
    summary: String,
    text: String,
    elapsed: Duration,
    rows: i64,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.trim_end_matches(" …").clone_into(&mut self.summary),
            "db.statement" => value.trim().clone_into(&mut self.text),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = i64::try_from(value).unwrap_or(i64::MAX);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // `summary` is a String, which some versions of sqlx record with `Debug`.
        if field.name() == "summary" && self.summary.is_empty() {
            self.record_str(field, format!("{value:?}").trim_matches('"'));
        }
    }
}
