//! W3C trace context: extracted from headers and stored events, and injected into
//! headers.

use http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::sampling;

/// Name of the header, and of the only field of a stored context.
pub const TRACEPARENT: &str = "traceparent";

/// Makes `span` a child of the trace context in the headers, if there is one. The
/// caller's sampled flag is ignored: each sampled trace costs spans for its statements
/// and is stored with its events, so our own sampling ratio decides.
pub fn continue_from_headers(span: &Span, headers: &HeaderMap) {
    if headers.contains_key(TRACEPARENT) {
        let parent = parent(&HeaderExtractor(headers));
        let named = parent.span().span_context().clone();
        let sampled = sampling::is_sampled(named.trace_id());
        let flags = named.trace_flags().with_sampled(sampled);
        let ours = SpanContext::new(
            named.trace_id(),
            named.span_id(),
            flags,
            // `true`: the parent is remote.
            true,
            named.trace_state().clone(),
        );
        continue_from(span, parent.with_remote_span_context(ours));
    }
}

/// Records the trace id in the span's field `trace_id`, for logs: the id under which the
/// trace is exported, or, if this process exports none, the one that the caller sent.
pub fn name_trace(span: &Span, headers: &HeaderMap) {
    let context = span.context();
    let own = context.span().span_context().clone();
    let context = if own.is_valid() {
        own
    } else if headers.contains_key(TRACEPARENT) {
        let none = Context::new();
        let extractor = HeaderExtractor(headers);
        let theirs = TraceContextPropagator::new().extract_with_context(&none, &extractor);
        theirs.span().span_context().clone()
    } else {
        return;
    };
    if context.is_valid() {
        span.record("trace_id", tracing::field::display(context.trace_id()));
    }
}

/// Makes `span` a child of a stored `traceparent`, unless that is empty.
pub fn continue_from_stored(span: &Span, traceparent: &str) {
    if !traceparent.is_empty() {
        continue_from(span, parent(&StoredExtractor(traceparent)));
    }
}

/// Injects the current trace context into the headers of a call; does nothing if the
/// current work isn't traced.
pub fn write_headers(headers: &mut HeaderMap) {
    let context = Span::current().context();
    if context.span().span_context().is_valid() {
        TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(headers));
    }
}

/// Returns the current trace context as a `traceparent`; empty if the current work isn't
/// traced.
pub fn current_traceparent() -> String {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        format!(
            "00-{}-{}-{:02x}",
            span.trace_id(),
            span.span_id(),
            span.trace_flags().to_u8()
        )
    } else {
        String::new()
    }
}

fn parent(carrier: &dyn Extractor) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), carrier)
}

fn continue_from(span: &Span, parent: Context) {
    if parent.span().span_context().is_valid() {
        // Fails only for a span that already has children; a new one has none.
        let _ = span.set_parent(parent);
    }
}

struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct StoredExtractor<'a>(&'a str);

impl Extractor for StoredExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct HeaderInjector<'a>(&'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(key), value.try_into()) {
            self.0.insert(name, value);
        }
    }
}
