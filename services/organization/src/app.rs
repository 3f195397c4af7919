//! The state that all handlers and background tasks share. It knows none of them: what a
//! process runs is in [`process`](crate::process).

use std::sync::Arc;

use futures::future::BoxFuture;
use wangge_api::refusal::Refusal;
use wangge_kernel::clock::Clock;
use wangge_outbox::CommitNotifier;
use wangge_pg::{Database, Tx, transact, transaction::Failure};

use crate::{error, places};

/// Shared state of the service: the database pools, the clock, the index of places
/// and the sequencer's notification.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) places: Arc<places::Places>,
    pub(crate) notifier: CommitNotifier,
}

impl App {
    /// Creates the service on a database. The index of places is loaded on first use.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self {
            database,
            clock,
            places: Arc::default(),
            notifier: CommitNotifier::default(),
        }
    }

    /// Runs a change in a transaction and notifies the sequencer after the commit.
    pub(crate) async fn change<T, F>(&self, work: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static,
    {
        let changed = transact(&self.database.calls, error::CONSTRAINTS, work).await?;
        // Only after the commit: the sequencer can't see uncommitted events. A lost
        // notification only delays the event, since the sequencer polls as well.
        self.notifier.notify();
        Ok(changed)
    }
}
