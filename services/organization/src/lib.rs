//! The `organization` service: areas, units, people and residents.
//!
//! It owns the tree of areas with their boundaries, the address book, the tree
//! of units, the people who hold posts and their appointments; estates,
//! buildings, households and residents, with what they need and the roles that
//! they take on; the memberships of co-governance and the seats of the big
//! committee; and the figures that communities published about themselves.
//!
//! It guarantees that codes are never reused, that every change is published
//! exactly once in its feed with the record's revision, and that an exclusive post
//! has at most one holder a day. It returns the grid that contains a point or an
//! address.
//!
//! It refuses to store phone or identity numbers, to publish people in its feed,
//! and to return records outside the caller's area.

pub mod api;
pub mod commands;
pub mod domain;
pub mod error;
pub mod events;
pub mod places;
pub mod store;
mod watch;

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wangge_api::refusal::Refusal;
use wangge_kernel::clock::Clock;
use wangge_outbox::{CommitNotifier, Feed, Sequencer};
use wangge_pg::{Database, Tx, transact, transaction::Failure};

/// Name of the service in settings, logs and metrics.
pub const NAME: &str = "organization";

/// Default port of the gRPC server.
pub const PORT: u16 = 7401;

/// Full names of the gRPC services that are served, for health checks.
const SERVICES: &[&str] = &[
    "wangge.organization.v1.AreaService",
    "wangge.organization.v1.UnitService",
    "wangge.organization.v1.PersonService",
    "wangge.organization.v1.EstateService",
    "wangge.organization.v1.ResidentService",
    "wangge.organization.v1.CoGovernanceService",
    "wangge.organization.v1.ImportService",
    "wangge.events.v1.FeedService",
];

/// Migrations of the service's database. They run after the shared ones.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Shared state of the service: the database pools, the clock, the index of places
/// and the sequencer's notification.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) places: Arc<places::Places>,
    notifier: CommitNotifier,
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

    /// Returns the gRPC services to serve. Streams end when `stop` is cancelled.
    pub fn service(&self, stop: CancellationToken) -> wangge_server::Service {
        // The feed has its own pool: long-lived readers must not take connections from
        // calls.
        let feed = Feed::start(self.database.feed.clone(), stop.clone());
        wangge_server::Service {
            names: SERVICES,
            routes: api::routes(self, stop).add_service(feed.service()),
            pool: self.database.calls.clone(),
        }
    }

    /// Spawns the background tasks: the sequencer, which numbers events, and a check
    /// that logs clashing area codes.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let sequencer = Sequencer::new(self.database.background.clone(), self.notifier.clone());
        tasks.spawn(sequencer.run(stop.clone()));
        tasks.spawn(watch::run(self.database.background.clone(), stop));
        tasks
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
