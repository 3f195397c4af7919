//! The only source of time. Decision code receives a moment as an argument; code
//! that needs the current time uses a [`Clock`], so that tests can set it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, DurationRound as _, Utc};

/// Maximum clock skew that is tolerated between a caller and us.
pub const CLOCK_SKEW: Duration = Duration::seconds(5);

/// Returns the time of an event that a caller reported. A time in the future, but
/// within [`CLOCK_SKEW`], is clamped to `now`; `None` if it is further in the
/// future.
pub fn happened(time: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (time <= now + CLOCK_SKEW).then(|| time.min(now))
}

/// A source of the current time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A fixed clock, for tests; it only moves when it is advanced.
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// Creates a clock that is fixed at a moment until it is advanced.
    pub fn set_to(moment: DateTime<Utc>) -> Self {
        Self::Set(Arc::new(Mutex::new(moment)))
    }

    /// Returns the current time, truncated to microseconds, the resolution of the
    /// database.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set(moment) => *moment.lock().unwrap_or_else(PoisonError::into_inner),
        };
        // Otherwise a moment would compare unequal to itself after a round trip
        // through the database.
        now.duration_trunc(Duration::microseconds(1)).unwrap_or(now)
    }

    /// Advances a fixed clock; has no effect on the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Self::Set(moment) = self {
            *moment.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_little_ahead_says_now() {
        let now = DateTime::UNIX_EPOCH;
        let at = |milliseconds| happened(now + Duration::milliseconds(milliseconds), now);
        assert_eq!(at(-1), Some(now - Duration::milliseconds(1)));
        assert_eq!([at(0), at(200), at(5000)], [Some(now); 3]);
        assert_eq!(at(5001), None);
    }
}
