//! Repeats calls whose refusal says that a repetition may succeed. Only for
//! reads, and for writes that carry a `request_id`.

use std::{future::Future, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::deadline;

/// How often a call is tried in all.
const ATTEMPTS: u32 = 5;
/// The first pause; each later one is twice as long, give or take a half.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Makes a call until it succeeds, is refused for good, or has been tried five
/// times. Pauses as long as the refusal asks for, and never beyond the
/// deadline of the work at hand.
///
/// # Errors
/// The last refusal.
pub async fn retry<T, F, A>(mut call: F) -> Result<T, Status>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Status>>,
{
    for attempt in 0..ATTEMPTS - 1 {
        match call().await {
            Err(status) if may_succeed_later(&status) => {
                let pause = pause(&status, attempt);
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

/// Whether the same call may succeed later: the service is out of reach or
/// overloaded, or says itself after how long to try again.
pub fn may_succeed_later(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::Aborted | Code::ResourceExhausted => asked_pause(status).is_some(),
        _ => false,
    }
}

fn asked_pause(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

fn pause(status: &Status, attempt: u32) -> Duration {
    let grown = FIRST_PAUSE * 2_u32.saturating_pow(attempt);
    let jittered = grown.mul_f64(rand::random_range(0.5..1.5));
    asked_pause(status).unwrap_or_default().max(jittered)
}
