//! Composition root: wires handlers, feed and background tasks together.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding::Gzip, service::Routes};
use wangge_api::tickets::v1::server::{
    category_service_server::CategoryServiceServer, chat_service_server::ChatServiceServer,
    deliberation_service_server::DeliberationServiceServer, duty_service_server::DutyServiceServer,
    fieldwork_service_server::FieldworkServiceServer, import_service_server::ImportServiceServer,
    livelihood_service_server::LivelihoodServiceServer, ticket_service_server::TicketServiceServer,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::{Consumer, Feed, Hint, Sequencer};
use wangge_pg::Database;
use wangge_server::Service;

use crate::{
    api::{
        Categories, ChatGroups, Deliberations, DutyShifts, Fieldwork, Imports, Livelihood, Tickets,
    },
    commands::route_waiting,
    consumers::{organization::OrganizationProjector, volunteers::VolunteersProjector},
    reference::ReferenceCache,
    store::gathered::TicketStore,
    watch,
};

/// Full names of the gRPC services, as the health service reports them.
const SERVICES: &[&str] = &[
    "wangge.tickets.v1.TicketService",
    "wangge.tickets.v1.CategoryService",
    "wangge.tickets.v1.ChatService",
    "wangge.tickets.v1.DutyService",
    "wangge.tickets.v1.LivelihoodService",
    "wangge.tickets.v1.DeliberationService",
    "wangge.tickets.v1.FieldworkService",
    "wangge.tickets.v1.ImportService",
    "wangge.events.v1.FeedService",
];

/// The service with its database, clock and caches.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) hint: Hint,
    pub(crate) reference: Arc<ReferenceCache>,
    pub(crate) tickets: TicketStore,
    feeds: Feeds,
}

/// Channels to the feeds that the service consumes.
#[derive(Debug, Clone)]
pub struct Feeds {
    /// Organization's feed: areas, units and addresses.
    pub organization: ServiceChannel,
    /// Volunteers' feed: projects.
    pub volunteers: ServiceChannel,
}

impl App {
    /// Creates the service on a database; spawns the workers that batch statements.
    pub fn new(database: Database, clock: Clock, feeds: Feeds) -> Self {
        // The background pool: a refresh reads whole tables and would otherwise take
        // connections from calls.
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
            feeds,
        }
    }

    /// Returns the gRPC services. Their streams end when `stop` is cancelled.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let feed = Feed::start(self.database.feed.clone(), stop.clone());
        // Without `stop` an open import stream would hold up the shutdown.
        let imports = Imports {
            app: self.clone(),
            stop,
        };
        let routes =
            Routes::new(TicketServiceServer::new(Tickets(self.clone())).accept_compressed(Gzip))
                .add_service(
                    CategoryServiceServer::new(Categories(self.clone())).accept_compressed(Gzip),
                )
                .add_service(
                    ChatServiceServer::new(ChatGroups(self.clone())).accept_compressed(Gzip),
                )
                .add_service(
                    DutyServiceServer::new(DutyShifts(self.clone())).accept_compressed(Gzip),
                )
                .add_service(
                    LivelihoodServiceServer::new(Livelihood(self.clone())).accept_compressed(Gzip),
                )
                .add_service(
                    DeliberationServiceServer::new(Deliberations(self.clone()))
                        .accept_compressed(Gzip),
                )
                .add_service(
                    FieldworkServiceServer::new(Fieldwork(self.clone())).accept_compressed(Gzip),
                )
                .add_service(ImportServiceServer::new(imports).accept_compressed(Gzip))
                .add_service(feed.service());
        Service {
            names: SERVICES,
            routes,
            pool: self.database.calls.clone(),
        }
    }

    /// Starts the background tasks: they number events, consume the feeds of organization
    /// and volunteers, refresh reference data, route waiting tickets and record gauges for
    /// alerts.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        // Positions are assigned after the commit: values of a sequence are taken before it,
        // so a reader that pages by them would skip events of a late commit.
        let sequencer = Sequencer::new(self.database.background.clone(), self.hint.clone());
        tasks.spawn(sequencer.run(stop.clone()));
        // Every replica starts the consumers; an advisory lock lets one replica at a time
        // apply each feed.
        let consumer = Consumer {
            service: "organization",
            channel: self.feeds.organization.clone(),
            pool: self.database.background.clone(),
            projector: Arc::new(OrganizationProjector),
            clock: self.clock.clone(),
        };
        tasks.spawn(consumer.run(stop.clone()));
        let consumer = Consumer {
            service: "volunteers",
            channel: self.feeds.volunteers.clone(),
            pool: self.database.background.clone(),
            projector: Arc::new(VolunteersProjector),
            clock: self.clock.clone(),
        };
        tasks.spawn(consumer.run(stop.clone()));
        tasks.spawn(route_waiting::run(self.clone(), stop.clone()));
        tasks.spawn(watch::run(self.clone(), stop));
        tasks
    }
}
