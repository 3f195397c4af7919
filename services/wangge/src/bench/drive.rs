//! Makes calls at a pace and collects their results. At a rate, calls are started whether or
//! not earlier ones have returned, and latency is counted from the time at which a call was
//! due: a system that falls behind can't hide it (no coordinated omission).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::future::BoxFuture;
use hdrhistogram::Histogram;
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::Status;
use tonic_types::StatusExt as _;

/// Maximum number of calls in flight at a rate. Calls beyond it wait; their latency counts.
pub(crate) const CAP: usize = 1000;
/// Highest latency that the histogram resolves, in microseconds.
const LONGEST: u64 = 120_000_000;

/// The pace of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A fixed number in flight: a response is followed by the next call.
    InFlight(usize),
    /// A fixed number of calls per second.
    Rate(u32),
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFlight(number) => write!(f, "{number} in flight"),
            Self::Rate(rate) => write!(f, "{rate}/s due"),
        }
    }
}

/// The results of the calls.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Latencies of successful calls in microseconds.
    pub latencies: Histogram<u64>,
    /// Number of failed calls by reason.
    pub refused: BTreeMap<String, u64>,
    /// Time from the start to the last response.
    pub elapsed: Duration,
    /// True if calls had to wait because [`CAP`] were in flight.
    pub capped: bool,
    /// True if no tickets were left to make calls on.
    pub ran_out: bool,
}

impl Tally {
    /// Returns successful calls per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Returns a percentile of the latency in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.latencies.value_at_percentile(percent) as f64 / 1000.0
    }

    /// Returns the number of failed calls.
    pub(crate) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    fn count(&mut self, answer: Result<(), Status>, latency: Duration) {
        match answer {
            Ok(()) => {
                let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                self.latencies.saturating_record(micros);
            }
            Err(status) => *self.refused.entry(reason(&status)).or_default() += 1,
        }
    }
}

/// Returns the reason of a refusal, or its code if it has none.
fn reason(status: &Status) -> String {
    let reason = status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default();
    // Without a reason, the status isn't from our services: its message is all there is.
    if reason.is_empty() {
        format!("{:?} {}", status.code(), status.message())
    } else {
        reason
    }
}

/// Makes one call; `None` if nothing is left to make it on. The number selects the connection
/// and distinguishes calls of the same kind.
pub(crate) type Caller =
    dyn Fn(usize) -> BoxFuture<'static, Option<Result<(), Status>>> + Send + Sync;

/// A measurement in progress.
struct Run {
    call: Arc<Caller>,
    pace: Pace,
    start: Instant,
    seconds: Duration,
    /// One permit per call that is due and not started.
    due: Semaphore,
    begun: AtomicU64,
    in_flight: AtomicUsize,
    ran_out: AtomicBool,
    tally: Mutex<Tally>,
}

/// Makes calls for some time and waits for the last response.
pub(crate) async fn drive(call: Arc<Caller>, pace: Pace, seconds: Duration) -> Result<Tally> {
    let run = Arc::new(Run {
        call,
        pace,
        start: Instant::now(),
        seconds,
        due: Semaphore::new(0),
        begun: AtomicU64::new(0),
        in_flight: AtomicUsize::new(0),
        ran_out: AtomicBool::new(false),
        tally: Mutex::new(empty()?),
    });
    let workers = match pace {
        Pace::InFlight(number) => number,
        Pace::Rate(rate) => {
            // Weak, so that the thread ends with the run and doesn't keep it alive.
            let weak = Arc::downgrade(&run);
            let total = Run::total(rate, seconds);
            let start = run.start;
            tokio::task::spawn_blocking(move || tell_what_is_due(&weak, start, rate, total));
            CAP
        }
    };
    let mut tasks: JoinSet<()> = (0..workers)
        .map(|number| run.clone().work(number))
        .collect();
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    let mut tally = empty()?;
    std::mem::swap(
        &mut tally,
        &mut *run.tally.lock().unwrap_or_else(PoisonError::into_inner),
    );
    // Including the last response: calls that are still in flight at the end must not inflate
    // the rate.
    tally.elapsed = run.start.elapsed();
    tally.ran_out = run.ran_out.load(Relaxed);
    Ok(tally)
}

fn empty() -> Result<Tally> {
    Ok(Tally {
        latencies: Histogram::new_with_bounds(1, LONGEST, 3)?,
        refused: BTreeMap::new(),
        elapsed: Duration::ZERO,
        capped: false,
        ran_out: false,
    })
}

/// Adds a permit when each call is due. Runs on its own thread, since the runtime's timers
/// only have millisecond resolution.
fn tell_what_is_due(run: &Weak<Run>, start: Instant, rate: u32, total: u64) {
    for number in 0..total {
        // Each time is computed from the start, so that delays don't add up.
        std::thread::sleep(due(start, rate, number).saturating_duration_since(Instant::now()));
        match run.upgrade() {
            Some(run) => run.due.add_permits(1),
            None => return,
        }
    }
    // Wakes the workers, so that each of them sees that nothing more is due.
    if let Some(run) = run.upgrade() {
        run.due.add_permits(CAP);
    }
}

fn due(start: Instant, rate: u32, number: u64) -> Instant {
    start + Duration::from_secs_f64(number as f64 / f64::from(rate))
}

impl Run {
    fn total(rate: u32, seconds: Duration) -> u64 {
        u64::from(rate) * seconds.as_secs()
    }

    async fn work(self: Arc<Self>, worker: usize) {
        let mut number = worker;
        while let Some(due) = self.next().await {
            // Relaxed suffices for all counters: none of them guards other data.
            let in_flight = self.in_flight.fetch_add(1, Relaxed) + 1;
            let answer = (self.call)(number).await;
            self.in_flight.fetch_sub(1, Relaxed);
            let Some(answer) = answer else {
                self.ran_out.store(true, Relaxed);
                return;
            };
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.count(answer, due.elapsed());
            tally.capped |= in_flight >= CAP;
            // More than the number of workers, so that no two calls have the same number; odd, so
            // that a worker doesn't stay on one of two connections.
            number += CAP + 1;
        }
    }

    /// Returns the time at which the next call is or was due; `None` at the end.
    async fn next(&self) -> Option<Instant> {
        match self.pace {
            Pace::InFlight(_) => {
                let now = Instant::now();
                (now < self.start + self.seconds).then_some(now)
            }
            Pace::Rate(rate) => {
                // Forgotten, not returned: a permit stands for one call.
                self.due.acquire().await.ok()?.forget();
                let number = self.begun.fetch_add(1, Relaxed);
                (number < Self::total(rate, self.seconds)).then(|| due(self.start, rate, number))
            }
        }
    }
}
