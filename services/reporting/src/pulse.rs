//! The pulse of the projections: it beats when something was applied, by
//! whichever replica, so that whoever shows something looks again.

use tokio::sync::watch;

/// Tells that something was applied.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(watch::Sender<u64>);

impl Default for Pulse {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Pulse {
    /// Events were applied and committed.
    pub(crate) fn beat(&self) {
        self.0.send_modify(|beats| *beats += 1);
    }

    /// To wait for the next beat.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    /// How often it has beaten.
    pub(crate) fn beats(&self) -> u64 {
        *self.0.borrow()
    }
}
