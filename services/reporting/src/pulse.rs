//! Notification that events were applied, by any replica, so that open streams refresh
//! what they show.

use tokio::sync::watch;

/// Notifies its listeners that events were applied.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(watch::Sender<u64>);

impl Default for Pulse {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Pulse {
    /// Notifies the listeners after events were applied and committed.
    pub(crate) fn beat(&self) {
        // A counter instead of a `Notify`: a listener that is busy misses no notification, and
        // several of them are received as one.
        self.0.send_modify(|beats| *beats += 1);
    }

    /// Returns a receiver that is notified of the next beat.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    /// Returns the number of beats so far.
    pub(crate) fn beats(&self) -> u64 {
        *self.0.borrow()
    }
}
