//! The volunteers service. Owns officials' registrations with communities and their
//! check-in visits; volunteers with their teams, posts, shifts and training; service
//! events, projects and wishes; stations with their catalogue, providers, subsidies
//! and daily work.
//!
//! Guarantees that the days of two registrations of one official with one community
//! never overlap, that a visit is within the days of its registration when it is
//! recorded, and that each change emits exactly one event. Stores a copy of
//! organization's areas and units, so that it works while organization is down.
//! Stores no data of persons: a person is only an id here. The id is accepted
//! without validation, since no feed delivers persons.

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
use wangge_outbox::{CommitNotifier, Consumer, Sequencer};
use wangge_pg::Database;
use wangge_server::Service;

/// Name of the service in the configuration and in feeds.
pub const NAME: &str = "volunteers";

/// Port on which the service listens by default.
pub const PORT: u16 = 7403;

/// Migrations that create the tables of this service.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The state that all handlers and background tasks share; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Notified after each commit that wrote events.
    pub(crate) notifier: CommitNotifier,
    organization: ServiceChannel,
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

    /// Returns the gRPC services to serve. Their streams end when `stop` is cancelled.
    /// Must be called within a Tokio runtime.
    pub fn service(&self, stop: CancellationToken) -> Service {
        api::service(self, stop)
    }

    /// Spawns the background tasks, which run until `stop` is cancelled: they sequence
    /// the events of this service, apply those of organization, and expire claims.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        // A pool of their own, so that many calls can't starve the sequencer and delay
        // the events.
        let pool = self.database.background.clone();
        tasks.spawn(Sequencer::new(pool.clone(), self.notifier.clone()).run(stop.clone()));
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
