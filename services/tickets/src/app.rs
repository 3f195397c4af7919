//! The state that all handlers and background tasks share. It knows none of them: what a
//! process runs is in [`process`](crate::process).

use std::sync::Arc;

use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::CommitNotifier;
use wangge_pg::Database;

use crate::{reference::ReferenceCache, store::batched::TicketStore};

/// The tickets service with its dependencies. Clones share the database pools and caches.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) notifier: CommitNotifier,
    pub(crate) reference: Arc<ReferenceCache>,
    pub(crate) tickets: TicketStore,
    pub(crate) feeds: Feeds,
}

/// Channels to the services whose feeds this service consumes.
#[derive(Debug, Clone)]
pub struct Feeds {
    /// Source of areas, units and addresses.
    pub organization: ServiceChannel,
    /// Source of projects.
    pub volunteers: ServiceChannel,
}

impl App {
    /// Creates the service on its database. Must be called in a Tokio runtime, since it
    /// starts the workers of the ticket store.
    pub fn new(database: Database, clock: Clock, feeds: Feeds) -> Self {
        // On the background pool, so that reloading the snapshot can't use up the
        // connections of calls.
        let reference = Arc::new(ReferenceCache::new(
            database.background.clone(),
            clock.clone(),
        ));
        Self {
            // Started once and shared by all clones: only calls on the same `TicketStore`
            // can share a statement.
            tickets: TicketStore::start(&database.lanes),
            database,
            clock,
            notifier: CommitNotifier::default(),
            reference,
            feeds,
        }
    }
}
