//! Officials' registrations with communities and their check-in visits; volunteers
//! with their teams, posts, shifts and training; events, projects and wishes;
//! stations with their offers, providers, funding and daily work.
//!
//! Owns all of these. Guarantees that two registrations of one official with one
//! community never overlap, that a visit is within the days of its registration
//! when it is recorded, and that each change emits exactly one event. Replicates
//! organization's areas and units, so that it works while organization is down.
//! Doesn't know persons: a person is an id that isn't verified here, since no feed
//! carries persons.

mod api;
mod commands;
pub mod consumers;
pub mod domain;
mod error;
mod events;
mod store;

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::{Consumer, Hint, Sequencer};
use wangge_pg::Database;
use wangge_server::Service;

/// Name of the service in configuration and in feeds.
pub const NAME: &str = "volunteers";

/// Default port on which the service listens.
pub const PORT: u16 = 7403;

/// The migrations of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service's shared state: database, clock and connections.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Notified of each commit that wrote events.
    pub(crate) hint: Hint,
    organization: ServiceChannel,
}

impl App {
    /// Creates the service on a database. `organization` is the channel from which it
    /// streams organization's feed.
    pub fn new(database: Database, clock: Clock, organization: ServiceChannel) -> Self {
        Self {
            database,
            clock,
            hint: Hint::default(),
            organization,
        }
    }

    /// Returns the gRPC service. Streams end at `stop`. Must be called within a runtime.
    pub fn service(&self, stop: CancellationToken) -> Service {
        Service {
            names: api::NAMES,
            routes: api::routes(self, stop),
            pool: self.database.calls.clone(),
        }
    }

    /// Spawns the tasks that no call waits for, until `stop`: they number the events of
    /// this service, apply those of organization and expire overdue claims.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        // The background pool is separate from that of calls, so that a feed that catches up
        // can't starve requests of connections.
        let pool = self.database.background.clone();
        tasks.spawn(Sequencer::new(pool.clone(), self.hint.clone()).run(stop.clone()));
        let consumer = Consumer {
            service: "organization",
            channel: self.organization.clone(),
            pool,
            projector: Arc::new(consumers::organization::Replicas),
            clock: self.clock.clone(),
        };
        tasks.spawn(consumer.run(stop.clone()));
        tasks.spawn(commands::expire_claims::run(self.clone(), stop));
        tasks
    }
}
