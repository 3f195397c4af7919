//! The service put together: handlers, feed, background work.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding::Gzip, service::Routes};
use wangge_api::tickets::v1::server::{
    category_service_server::CategoryServiceServer, import_service_server::ImportServiceServer,
    ticket_service_server::TicketServiceServer,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::{Consumer, Feed, Hint, Sequencer};
use wangge_pg::Database;
use wangge_server::Service;

use crate::{
    api::{Categories, Imports, Tickets},
    commands::route_waiting,
    consumers::organization::OrganizationProjector,
    reference::ReferenceCache,
    store::gathered::TicketStore,
};

/// Full names of the services, for health.
const SERVICES: &[&str] = &[
    "wangge.tickets.v1.TicketService",
    "wangge.tickets.v1.CategoryService",
    "wangge.tickets.v1.ImportService",
    "wangge.events.v1.FeedService",
];

/// The service.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) hint: Hint,
    pub(crate) reference: Arc<ReferenceCache>,
    pub(crate) tickets: TicketStore,
    organization: ServiceChannel,
}

impl App {
    /// The service on its database. `organization` is the channel to the feed
    /// of reference data.
    pub fn new(database: Database, clock: Clock, organization: ServiceChannel) -> Self {
        let reference = Arc::new(ReferenceCache::new(
            database.background.clone(),
            clock.clone(),
        ));
        Self {
            tickets: TicketStore::start(&database.lanes),
            database,
            clock,
            hint: Hint::default(),
            reference,
            organization,
        }
    }

    /// What is served. Streams end at `stop`.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let feed = Feed::start(self.database.feed.clone(), stop.clone());
        let imports = Imports {
            app: self.clone(),
            stop,
        };
        let routes =
            Routes::new(TicketServiceServer::new(Tickets(self.clone())).accept_compressed(Gzip))
                .add_service(
                    CategoryServiceServer::new(Categories(self.clone())).accept_compressed(Gzip),
                )
                .add_service(ImportServiceServer::new(imports).accept_compressed(Gzip))
                .add_service(feed.service());
        Service {
            names: SERVICES,
            routes,
            pool: self.database.calls.clone(),
        }
    }

    /// What goes on besides: numbering events, applying organization's feed,
    /// looking for changed reference data, routing what waits.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let sequencer = Sequencer::new(self.database.background.clone(), self.hint.clone());
        tasks.spawn(sequencer.run(stop.clone()));
        let consumer = Consumer {
            service: "organization",
            channel: self.organization.clone(),
            pool: self.database.background.clone(),
            projector: Arc::new(OrganizationProjector(self.reference.clone())),
            clock: self.clock.clone(),
        };
        tasks.spawn(consumer.run(stop.clone()));
        tasks.spawn(route_waiting::run(self.clone(), stop.clone()));
        tasks
    }
}
