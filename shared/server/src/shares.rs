//! Capacity shared among callers: so much in all, and so much at most for each
//! of them. What it is capacity for is its user's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Capacity of which each caller gets a share at most.
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

/// Why there is no capacity left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The caller has its share already.
    Caller,
    /// Everything is in use.
    All,
}

/// Some capacity in use by a caller, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    caller: Arc<str>,
    amount: usize,
}

impl Shares {
    /// `limit` in all, and at most `per_caller` for each caller.
    pub(crate) fn new(limit: usize, per_caller: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            per_caller: per_caller.min(limit),
            used: Mutex::default(),
        })
    }

    /// Takes `amount` for a caller.
    ///
    /// # Errors
    /// When there is not so much left.
    pub(crate) fn take(self: &Arc<Self>, caller: &Arc<str>, amount: usize) -> Result<Share, Full> {
        self.add(caller, amount)?;
        Ok(Share {
            shares: self.clone(),
            caller: caller.clone(),
            amount,
        })
    }

    /// How much is in use.
    pub(crate) fn used(&self) -> usize {
        self.lock().all
    }

    fn add(&self, caller: &Arc<str>, amount: usize) -> Result<(), Full> {
        let mut used = self.lock();
        let own = used.callers.get(caller).copied().unwrap_or_default();
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
                // Nothing is remembered of callers that have nothing in use.
                used.callers.remove(caller);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes more for the same caller.
    ///
    /// # Errors
    /// When there is not so much left; what was taken stays.
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
