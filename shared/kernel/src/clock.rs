//! The one source of time. Code that decides is given a moment; code that
//! needs the present asks a [`Clock`], so that tests can set it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, DurationRound as _, Utc};

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
