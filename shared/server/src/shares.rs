//! Capacity shared among callers, with a total limit and a limit per caller. What the
//! capacity measures is up to its user.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A semaphore with a total limit and a limit per caller.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: usize,
    per_caller: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    callers: HashMap<Arc<str>, usize>,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The caller has used up its share.
    Caller,
    /// All capacity is in use.
    All,
}

/// Capacity held by a caller; released on drop.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    caller: Arc<str>,
    amount: usize,
}

impl Shares {
    /// Creates a semaphore with `limit` in total and at most `per_caller` for each
    /// caller.
    pub(crate) fn new(limit: usize, per_caller: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            per_caller: per_caller.min(limit),
            used: Mutex::default(),
        })
    }

    /// Acquires `amount` for a caller.
    ///
    /// # Errors
    /// Returns the limit that was reached.
    pub(crate) fn take(self: &Arc<Self>, caller: &Arc<str>, amount: usize) -> Result<Share, Full> {
        self.add(caller, amount)?;
        Ok(Share {
            shares: self.clone(),
            caller: caller.clone(),
            amount,
        })
    }

    /// Returns the amount in use.
    pub(crate) fn used(&self) -> usize {
        self.lock().all
    }

    fn add(&self, caller: &Arc<str>, amount: usize) -> Result<(), Full> {
        let mut used = self.lock();
        let own = used.callers.get(caller).copied().unwrap_or_default();
        // The caller's own limit first, so that a caller over its share gets that reason even
        // when all is in use.
        if own.saturating_add(amount) > self.per_caller {
            return Err(Full::Caller);
        }
        if used.all.saturating_add(amount) > self.limit {
            return Err(Full::All);
        }
        used.all += amount;
        used.callers.insert(caller.clone(), own + amount);
        Ok(())
    }

    fn give_back(&self, caller: &Arc<str>, amount: usize) {
        let mut used = self.lock();
        used.all = used.all.saturating_sub(amount);
        if let Some(own) = used.callers.get_mut(caller) {
            *own = own.saturating_sub(amount);
            if *own == 0 {
                // Removed when idle: the map would otherwise grow with every caller ever
                // seen.
                used.callers.remove(caller);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        // The counters are only changed after all checks, so a poisoned lock still guards
        // consistent values.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Acquires more for the same caller.
    ///
    /// # Errors
    /// Returns the limit that was reached; the amount already held is retained.
    pub(crate) fn grow(&mut self, amount: usize) -> Result<(), Full> {
        self.shares.add(&self.caller, amount)?;
        self.amount += amount;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shares.give_back(&self.caller, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_leaves_the_others_their_share() {
        let shares = Shares::new(5, 3);
        let (greedy, modest): (Arc<str>, Arc<str>) = ("greedy".into(), "modest".into());
        let mut taken: Vec<_> = (0..3).map(|_| shares.take(&greedy, 1).unwrap()).collect();
        assert_eq!(shares.take(&greedy, 1).unwrap_err(), Full::Caller);
        let mut other = shares.take(&modest, 1).unwrap();
        assert_eq!(other.grow(3), Err(Full::Caller));
        other.grow(1).unwrap();
        assert_eq!(shares.used(), 5);
        assert_eq!(shares.take(&modest, 1).unwrap_err(), Full::All);
        taken.clear();
        drop(other);
        assert_eq!(shares.used(), 0);
        assert!(shares.lock().callers.is_empty());
    }
}
