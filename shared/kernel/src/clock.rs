//! The one source of time. Code that decides is given a moment; code that
//! needs the present asks a [`Clock`], so that tests can set it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, DurationRound as _, Utc};

/// How far a caller's clock may be ahead of ours.
pub const CLOCK_SKEW: Duration = Duration::seconds(5);

/// When something happened, by the clock of whoever says so: a time that is
/// ahead of ours by no more than [`CLOCK_SKEW`] is now. None for one that lies in
/// the future beyond that.
pub fn happened(time: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (time <= now + CLOCK_SKEW).then(|| time.min(now))
}

/// Where the present comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands where it was put.
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at a moment until it is moved.
    pub fn set_to(moment: DateTime<Utc>) -> Self {
        Self::Set(Arc::new(Mutex::new(moment)))
    }

    /// The present, cut to the microseconds that the database keeps.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set(moment) => *moment.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.duration_trunc(Duration::microseconds(1)).unwrap_or(now)
    }

    /// Moves a set clock on; the machine's clock can't be moved.
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
