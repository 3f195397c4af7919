//! The `organization` service.
//!
//! It owns the tree of areas with their boundaries, the address book, the tree
//! of units, the people who hold posts and their appointments; estates,
//! buildings, households and residents, with what they need and the roles that
//! they take on; the memberships of co-governance and the seats of the big
//! committee; and the figures that communities published about themselves.
//!
//! It promises that codes are never reused, that every change is told once in
//! its feed with the record's revision, and that an exclusive post has one
//! holder a day. It tells in which grid a point or an address lies.
//!
//! It refuses to keep a phone or an identity number, to tell of people in its
//! feed, and to let anybody see a record outside their area.

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
use wangge_outbox::{Feed, Hint, Sequencer};
use wangge_pg::{Database, Tx, transact, transaction::Failure};

/// Name of the service.
pub const NAME: &str = "organization";

/// Port on which the service listens unless it is told another.
pub const PORT: u16 = 7401;

/// Full names of the gRPC services that it serves.
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

/// Migrations of its database, to be run behind the shared ones.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What every use case works with.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) places: Arc<places::Places>,
    hint: Hint,
}

impl App {
    /// The service on a database.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self {
            database,
            clock,
            places: Arc::default(),
            hint: Hint::default(),
        }
    }

    /// What is served. Streams end at `stop`.
    pub fn service(&self, stop: CancellationToken) -> wangge_server::Service {
        let feed = Feed::start(self.database.feed.clone(), stop.clone());
        wangge_server::Service {
            names: SERVICES,
            routes: api::routes(self, stop).add_service(feed.service()),
            pool: self.database.calls.clone(),
        }
    }

    /// Work that no call waits for: numbering the events, and saying of areas
    /// whose codes clash.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let sequencer = Sequencer::new(self.database.background.clone(), self.hint.clone());
        tasks.spawn(sequencer.run(stop.clone()));
        tasks.spawn(watch::run(self.database.background.clone(), stop));
        tasks
    }

    /// Runs a change in a transaction and tells the sequencer of it.
    pub(crate) async fn change<T, F>(&self, work: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static,
    {
        let changed = transact(&self.database.calls, error::CONSTRAINTS, work).await?;
        self.hint.committed();
        Ok(changed)
    }
}
