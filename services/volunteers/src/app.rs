//! The state that all handlers and background tasks share. It knows none of them: what a
//! process runs is in [`process`](crate::process).

use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::CommitNotifier;
use wangge_pg::Database;

/// The state that all handlers and background tasks share; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Notified after each commit that wrote events.
    pub(crate) notifier: CommitNotifier,
    pub(crate) organization: ServiceChannel,
}

impl App {
    /// Creates the service on a database. It reads organization's feed from the
    /// channel, which must allow long-lived streams.
    pub fn new(database: Database, clock: Clock, organization: ServiceChannel) -> Self {
        Self {
            database,
            clock,
            notifier: CommitNotifier::default(),
            organization,
        }
    }
}
