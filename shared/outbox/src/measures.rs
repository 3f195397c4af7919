//! Metrics of feeds: how far the own feed is numbered and served, and how far feeds
//! of other services have been applied.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use opentelemetry::{KeyValue, global::meter, metrics::Counter};
use wangge_api::refusal::{Reason, Refusal};

use crate::position;

/// Progress of this replica in a feed of another service; nothing is exported while
/// another replica leads.
#[derive(Debug, Default)]
pub(crate) struct Followed(Arc<Mutex<Option<Reached>>>);

#[derive(Debug, Default)]
struct Reached {
    position: Option<i64>,
    /// Time up to which all events have been applied.
    until: Option<SystemTime>,
    set_aside: Option<i64>,
    /// True if the owner no longer has the applied position.
    broken: bool,
}

impl Followed {
    /// Registers the metrics of a feed.
    pub(crate) fn measured(feed: &'static str) -> Self {
        let followed = Self::default();
        let label = [KeyValue::new("feed", feed)];
        let observe = |of: fn(&Reached) -> Option<f64>| {
            let (reached, label) = (followed.0.clone(), label.clone());
            move |to: &dyn opentelemetry::metrics::AsyncInstrument<f64>| {
                let reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(value) = reached.as_ref().and_then(of) {
                    to.observe(value, &label);
                }
            }
        };
        meter("wangge")
            .f64_observable_gauge("wangge.projection.position")
            .with_description("Position in the feed up to which its events were applied.")
            .with_callback(observe(|reached| reached.position.map(as_f64)))
            .build();
        meter("wangge")
            .f64_observable_gauge("wangge.projection.lag")
            .with_unit("s")
            .with_description("Maximum age that an unapplied event of the feed can have.")
            .with_callback(observe(|reached| {
                let since = reached.until?.elapsed().unwrap_or_default();
                Some(since.as_secs_f64())
            }))
            .build();
        meter("wangge")
            .f64_observable_gauge("wangge.events.set_aside")
            .with_description("Events of the feed in the dead-letter table.")
            .with_callback(observe(|reached| reached.set_aside.map(as_f64)))
            .build();
        meter("wangge")
            .f64_observable_gauge("wangge.feed.broken")
            .with_description("1 if the feed's history no longer contains the applied position.")
            .with_callback(observe(|reached| {
                Some(if reached.broken { 1.0 } else { 0.0 })
            }))
            .build();
        followed
    }

    /// Exports metrics until the returned value is dropped, while this replica
    /// leads. Until the first message, the lag is the time since it started to
    /// lead.
    pub(crate) fn lead(&self) -> Leading<'_> {
        *self.reached() = Some(Reached {
            until: Some(SystemTime::now()),
            ..Reached::default()
        });
        Leading(self)
    }

    fn reached(&self) -> MutexGuard<'_, Option<Reached>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports the progress in a feed while this replica leads.
#[derive(Debug)]
pub(crate) struct Leading<'f>(&'f Followed);

impl Leading<'_> {
    /// Records that events up to a position, and all that happened until a time,
    /// have been applied.
    pub(crate) fn reached(&self, token: &str, until: Option<SystemTime>) {
        if let Some(reached) = self.0.reached().as_mut() {
            // An empty token is the beginning.
            reached.position = Some(position::parse(token).map_or(0, |position| position.number));
            reached.until = until.or(reached.until);
        }
    }

    /// Records that the owner no longer has the applied position, or has it again.
    pub(crate) fn broken(&self, broken: bool) {
        if let Some(reached) = self.0.reached().as_mut() {
            reached.broken = broken;
        }
    }

    /// Records the number of dead letters.
    pub(crate) fn set_aside(&self, count: i64) {
        if let Some(reached) = self.0.reached().as_mut() {
            reached.set_aside = Some(count);
        }
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        *self.0.reached() = None;
    }
}

/// Metrics of the service's own feed and of its readers on this replica.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    end: Arc<AtomicI64>,
    waiting_micros: Arc<AtomicU64>,
    readers: Arc<AtomicI64>,
    stalled: Counter<u64>,
    refused: Counter<u64>,
    went_back: Counter<u64>,
}

impl Served {
    /// Registers the metrics.
    pub(crate) fn measured() -> Self {
        let served = Self {
            end: Arc::default(),
            waiting_micros: Arc::default(),
            readers: Arc::default(),
            stalled: meter("wangge")
                .u64_counter("wangge.feed.stalled")
                .with_description("Readers of the feed that were dropped because they stalled.")
                .build(),
            refused: meter("wangge")
                .u64_counter("wangge.feed.tokens_refused")
                .with_description(
                    "Readers refused because the feed's history lacks their token's position.",
                )
                .build(),
            went_back: meter("wangge")
                .u64_counter("wangge.feed.went_back")
                .with_description("Times that the feed ended before an event already seen in it.")
                .build(),
        };
        // Exported as zero from the start, so that the first increase is visible.
        for counter in [&served.stalled, &served.refused, &served.went_back] {
            counter.add(0, &[]);
        }
        let (end, waiting, readers) = (
            served.end.clone(),
            served.waiting_micros.clone(),
            served.readers.clone(),
        );
        meter("wangge")
            .i64_observable_gauge("wangge.feed.head")
            .with_description("Position of the last event of the service's own feed.")
            .with_callback(move |to| to.observe(end.load(Relaxed), &[]))
            .build();
        meter("wangge")
            .f64_observable_gauge("wangge.sequencer.lag")
            .with_unit("s")
            .with_description("Age of the oldest committed event that has no position yet.")
            .with_callback(move |to| {
                let micros = u32::try_from(waiting.load(Relaxed)).unwrap_or(u32::MAX);
                to.observe(f64::from(micros) / 1e6, &[]);
            })
            .build();
        meter("wangge")
            .i64_observable_gauge("wangge.feed.subscribers")
            .with_description("Streams that read the feed from this replica.")
            .with_callback(move |to| to.observe(readers.load(Relaxed), &[]))
            .build();
        served
    }

    /// Records the feed's end and the age of the oldest event without a position.
    pub(crate) fn ends(&self, end: i64, waiting_seconds: f64) {
        self.end.store(end, Relaxed);
        let waiting = std::time::Duration::try_from_secs_f64(waiting_seconds).unwrap_or_default();
        let micros = u64::try_from(waiting.as_micros()).unwrap_or(u64::MAX);
        self.waiting_micros.store(micros, Relaxed);
    }

    /// Counts a reader until the returned value is dropped.
    pub(crate) fn reader(&self) -> Reading {
        self.readers.fetch_add(1, Relaxed);
        Reading(self.readers.clone())
    }

    /// Counts a reader that was rejected or disconnected for a reason that has a
    /// metric.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        match refusal.reason {
            Reason::FeedReaderSlow => self.stalled.add(1, &[]),
            Reason::FeedTokenUnknown => self.refused.add(1, &[]),
            _ => {}
        }
    }

    /// Counts that the feed was seen to go back.
    pub(crate) fn went_back(&self) {
        self.went_back.add(1, &[]);
    }
}

/// An open stream, counted while it exists.
#[derive(Debug)]
pub(crate) struct Reading(Arc<AtomicI64>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// OpenTelemetry gauges are floating-point; positions stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn as_f64(number: i64) -> f64 {
    number as f64
}
