//! What a process of the service runs: its gRPC services and its background tasks.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding::Gzip;
use wangge_api::tickets::v1::server::{
    category_service_server::CategoryServiceServer, chat_service_server::ChatServiceServer,
    deliberation_service_server::DeliberationServiceServer, duty_service_server::DutyServiceServer,
    fieldwork_service_server::FieldworkServiceServer, import_service_server::ImportServiceServer,
    livelihood_service_server::LivelihoodServiceServer, ticket_service_server::TicketServiceServer,
};
use wangge_outbox::{Consumer, Feed, Sequencer};
use wangge_server::Service;

use crate::{
    App,
    api::{Categories, ChatGroups, Deliberations, DutyShifts, Fieldwork, Livelihood, Tickets},
    commands::route_waiting,
    consumers::{organization::OrganizationProjector, volunteers::VolunteersProjector},
    events,
    import::Imports,
    watch,
};

impl App {
    /// Returns the gRPC services to serve. Feed and import streams are closed at `stop`.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let app = || self.clone();
        let feed = Feed::start(self.database.feed.clone(), events::kinds(), stop.clone());
        let imports = Imports { app: app(), stop };
        Service::on(self.database.calls.clone())
            .with(TicketServiceServer::new(Tickets(app())).accept_compressed(Gzip))
            .with(CategoryServiceServer::new(Categories(app())).accept_compressed(Gzip))
            .with(ChatServiceServer::new(ChatGroups(app())).accept_compressed(Gzip))
            .with(DutyServiceServer::new(DutyShifts(app())).accept_compressed(Gzip))
            .with(LivelihoodServiceServer::new(Livelihood(app())).accept_compressed(Gzip))
            .with(DeliberationServiceServer::new(Deliberations(app())).accept_compressed(Gzip))
            .with(FieldworkServiceServer::new(Fieldwork(app())).accept_compressed(Gzip))
            .with(ImportServiceServer::new(imports).accept_compressed(Gzip))
            .with(feed.service())
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
