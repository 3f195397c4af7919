//! Composition root of the service: handlers, feed and background tasks.

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
use wangge_outbox::{CommitNotifier, Consumer, Feed, Sequencer};
use wangge_pg::Database;
use wangge_server::Service;

use crate::{
    api::{
        Categories, ChatGroups, Deliberations, DutyShifts, Fieldwork, Imports, Livelihood, Tickets,
    },
    commands::route_waiting,
    consumers::{organization::OrganizationProjector, volunteers::VolunteersProjector},
    reference::ReferenceCache,
    store::batched::TicketStore,
    watch,
};

/// Full names of the gRPC services that health checks and readiness report.
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

/// The tickets service with its dependencies. Clones share the database pools and caches.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) notifier: CommitNotifier,
    pub(crate) reference: Arc<ReferenceCache>,
    pub(crate) tickets: TicketStore,
    feeds: Feeds,
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

    /// Returns the gRPC services to serve. Feed and import streams are closed at `stop`.
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

    /// Spawns the background tasks: the sequencer of events, the consumers of the
    /// feeds of organization and volunteers, the refresh of reference data with the
    /// routing of unrouted tickets, and the gauges for alarms. They run until `stop`.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        // Every replica spawns all of them. Advisory locks elect one sequencer and one
        // consumer per feed; the others are on standby.
        let sequencer = Sequencer::new(self.database.background.clone(), self.notifier.clone());
        tasks.spawn(sequencer.run(stop.clone()));
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
        // Needs no leader: a ticket is updated only if its revision is unchanged, so
        // replicas that route the same ticket can't both succeed.
        tasks.spawn(route_waiting::run(self.clone(), stop.clone()));
        tasks.spawn(watch::run(self.clone(), stop));
        tasks
    }
}
