//! Read-your-writes consistency: waits until records that the caller has written in other
//! services have been applied here.

use std::{future::Future, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};
use uuid::Uuid;
use wangge_api::{
    refusal::{Reason, Refusal, Rule},
    types::v1::RecordVersion,
};

use crate::{App, queries::positions::have_been_applied};

/// Timeout of the wait.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Delay after the first lookup, doubled after each one, even if events are applied all the
/// time.
const INITIAL_DELAY: Duration = Duration::from_millis(20);
/// Longest delay between lookups. A notification may have been missed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Waits until every record has been applied in at least the requested revision.
pub(super) async fn wait_for(app: &App, wanted: &[RecordVersion]) -> Result<(), Refusal> {
    if wanted.is_empty() {
        return Ok(());
    }
    let revisions: Vec<i64> = wanted.iter().map(|version| version.revision).collect();
    let records = wanted
        .iter()
        .map(|version| Uuid::parse_str(&version.record_id))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Refusal::field("at_least.record_id", Rule::StringUuid, "must be a UUID"))?;
    let lookup = || async {
        let applied = have_been_applied(&app.database.calls, &records, &revisions).await;
        Ok::<_, Refusal>(applied?)
    };
    if until(lookup, app.pulse.listen(), TIMEOUT).await? {
        return Ok(());
    }
    // Retryable: the feed may only be lagging. A record that doesn't exist looks the same.
    Err(Refusal::unavailable(
        Reason::NotYetVisible,
        "a record requested by at_least is not visible yet",
        Duration::from_secs(1),
    ))
}

/// Repeats a lookup until it succeeds or the time limit is reached: after events were applied,
/// with growing delays, and at least once a second.
async fn until<L, F, E>(
    mut lookup: L,
    mut applied: watch::Receiver<u64>,
    limit: Duration,
) -> Result<bool, E>
where
    L: FnMut() -> F,
    F: Future<Output = Result<bool, E>>,
{
    let deadline = Instant::now() + limit;
    let mut pause = INITIAL_DELAY;
    loop {
        // Before the lookup, so that events applied during it trigger another one.
        applied.mark_unchanged();
        if lookup().await? {
            return Ok(true);
        }
        let now = Instant::now();
        if now >= deadline {
            return Ok(false);
        }
        let poll = deadline.min(now + POLL_INTERVAL);
        drop(timeout_at(poll, applied.changed()).await);
        // Without this delay, a busy feed would make each waiting call query the database after
        // every batch of events.
        sleep_until(deadline.min(now + pause)).await;
        pause = POLL_INTERVAL.min(pause * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often is looked within a second for what never comes, while something is
    /// applied all the time.
    async fn lookups(is_busy: bool) -> u32 {
        let beats = watch::Sender::new(0_u64);
        let mut count = 0;
        let lookup = || {
            count += 1;
            std::future::ready(Ok::<_, ()>(false))
        };
        let wait = until(lookup, beats.subscribe(), Duration::from_secs(1));
        let busy = async {
            loop {
                if is_busy {
                    beats.send_modify(|beats| *beats += 1);
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let held = tokio::select! {
            held = wait => held,
            () = busy => Ok(true),
        };
        assert_eq!(held, Ok(false));
        count
    }

    #[tokio::test]
    async fn a_made_up_record_is_looked_for_a_few_times_however_much_is_applied() {
        let busy = lookups(true).await;
        assert!((2..=8).contains(&busy), "{busy}");
        assert_eq!(lookups(false).await, 2);
    }

    #[tokio::test]
    async fn what_is_applied_is_looked_for_at_once() {
        let beats = watch::Sender::new(0_u64);
        let is_there = std::cell::Cell::new(false);
        let lookup = || std::future::ready(Ok::<_, ()>(is_there.get()));
        let arrive = async {
            tokio::task::yield_now().await;
            is_there.set(true);
            beats.send_modify(|beats| *beats += 1);
        };
        let wait = until(lookup, beats.subscribe(), Duration::from_secs(600));
        let (held, ()) = tokio::join!(wait, arrive);
        assert_eq!(held, Ok(true));
    }
}
