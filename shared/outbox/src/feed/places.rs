//! Limits the open streams per caller and in total, so that no caller can exhaust
//! them. The platform's own services are counted separately.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wangge_api::refusal::{Reason, Refusal};

/// Maximum number of streams of one caller per replica.
const OF_ONE: usize = 16;
/// Maximum number of streams of all callers per replica; the platform's own
/// services have as many again.
const OF_ALL: usize = 256;
/// The retry delay sent with a rejection.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The streams of one replica.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    own: usize,
    others: usize,
    by_caller: HashMap<String, usize>,
}

impl Places {
    /// Reserves a stream until the returned value is dropped. `own` marks a service
    /// of the platform.
    ///
    /// # Errors
    /// Returns `OVERLOADED` if the caller has too many streams, or there are too
    /// many in total.
    pub(super) fn take(&self, caller: &str, own: bool) -> Result<Place, Refusal> {
        let mut taken = self.taken();
        let held = taken.by_caller.get(caller).copied().unwrap_or_default();
        // Replicas of the platform's services may share one key, so their limit per
        // caller is the total.
        let (all, limit) = if own {
            (&mut taken.own, OF_ALL)
        } else {
            (&mut taken.others, OF_ONE)
        };
        if held >= limit || *all >= OF_ALL {
            return Err(too_many());
        }
        *all += 1;
        *taken.by_caller.entry(caller.to_owned()).or_default() += 1;
        drop(taken);
        Ok(Place {
            places: self.clone(),
            caller: caller.to_owned(),
            own,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reserved stream.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    caller: String,
    own: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if self.own {
            taken.own -= 1;
        } else {
            taken.others -= 1;
        }
        if let Some(held) = taken.by_caller.get_mut(&self.caller) {
            *held -= 1;
            if *held == 0 {
                // Removed at zero, or the map would grow with every caller that
                // ever read.
                taken.by_caller.remove(&self.caller);
            }
        }
    }
}

fn too_many() -> Refusal {
    Refusal {
        retry_after: Some(RETRY_AFTER),
        ..Refusal::new(
            Reason::Overloaded,
            "too many streams of the feed are open: close some, or try again later",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_so_many_places_and_keeps_nobody_out() {
        let places = Places::default();
        let held: Vec<_> = (0..OF_ONE)
            .map(|_| places.take("one", false).unwrap())
            .collect();
        let refused = places.take("one", false).unwrap_err();
        assert_eq!(refused.reason, Reason::Overloaded);
        assert!(refused.retry_after.is_some());
        places.take("another", false).unwrap();
        places.take("service", true).unwrap();
        drop(held);
        places.take("one", false).unwrap();
        assert!(places.taken().by_caller.is_empty());
    }

    #[test]
    fn all_places_of_others_leave_the_platforms_own() {
        let places = Places::default();
        let held: Vec<_> = (0..OF_ALL)
            .map(|number| places.take(&number.to_string(), false).unwrap())
            .collect();
        assert!(places.take("late", false).is_err());
        let own: Vec<_> = (0..OF_ALL)
            .map(|_| places.take("service", true).unwrap())
            .collect();
        assert!(places.take("service", true).is_err());
        drop((held, own));
        let taken = places.taken();
        assert_eq!((taken.own, taken.others), (0, 0));
    }
}
