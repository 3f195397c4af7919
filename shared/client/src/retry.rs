//! Retries calls whose status shows that a retry may succeed. Use it only for
//! reads, and for writes that carry a `request_id`.

use std::{future::Future, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::deadline;

/// Maximum number of attempts, the first one included.
const MAX_ATTEMPTS: u32 = 5;
/// The first backoff; it doubles with each attempt, with a jitter of ± 50 %.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);

/// Runs a call until it succeeds, fails permanently, or has been attempted five
/// times. The delay is at least the one that the status asks for; no retry is made
/// after the current deadline.
///
/// # Errors
/// Returns the status of the last attempt.
pub async fn retry<T, F, A>(mut call: F) -> Result<T, Status>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Status>>,
{
    for attempt in 0..MAX_ATTEMPTS - 1 {
        match call().await {
            Err(status) if may_succeed_later(&status) => {
                let pause = pause(&status, attempt);
                // Fails now rather than at the deadline: the caller gets the real
                // reason instead of a timeout.
                if deadline::left().is_some_and(|left| left <= pause) {
                    return Err(status);
                }
                tokio::time::sleep(pause).await;
            }
            settled => return settled,
        }
    }
    call().await
}

/// Returns true if the same call may succeed later: the service is unreachable or
/// overloaded, or the status has a retry delay.
pub fn may_succeed_later(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        // An outdated etag is `ABORTED`, too: without a retry delay, the same call
        // can't succeed.
        Code::Aborted | Code::ResourceExhausted => asked_pause(status).is_some(),
        _ => false,
    }
}

fn asked_pause(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

fn pause(status: &Status, attempt: u32) -> Duration {
    let grown = INITIAL_BACKOFF * 2_u32.saturating_pow(attempt);
    // Jittered, so that callers that failed together don't retry together.
    let jittered = grown.mul_f64(rand::random_range(0.5..1.5));
    asked_pause(status).unwrap_or_default().max(jittered)
}
