//! Officials' registrations with communities and the visits on which they come
//! to handle something; volunteers with their teams, posts, shifts and training;
//! events, projects and wishes; stations with what they offer, who provides it,
//! what it is paid with, and what they do from day to day.
//!
//! Owns all of these. Promises that the days of two
//! registrations of one official with one community never overlap, that a
//! visit lies in the days of its registration when it is recorded, and that
//! each change is told by exactly one event. Keeps a copy of organization's
//! areas and units, so that it works while organization is down. Refuses to
//! know persons: a person is an id here, taken as given, since no feed tells
//! of persons.

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

/// Name of the service, as configuration and feeds name it.
pub const NAME: &str = "volunteers";

/// Port on which the service listens unless it is told another.
pub const PORT: u16 = 7403;

/// The tables of this service.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What the service works with.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Told of each commit that wrote events.
    pub(crate) hint: Hint,
    organization: ServiceChannel,
}

impl App {
    /// A service on a database that takes organization's feed, a stream, from
    /// a channel.
    pub fn new(database: Database, clock: Clock, organization: ServiceChannel) -> Self {
        Self {
            database,
            clock,
            hint: Hint::default(),
            organization,
        }
    }

    /// What is served. Streams end at `stop`. Call it within a runtime.
    pub fn service(&self, stop: CancellationToken) -> Service {
        Service {
            names: api::NAMES,
            routes: api::routes(self, stop),
            pool: self.database.calls.clone(),
        }
    }

    /// Work that no call waits for, until `stop`: numbers the events of this
    /// service, applies those of organization, ends claims as their time comes.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
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
