//! What a process of the service runs: its gRPC services and its background tasks.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding::Gzip;
use wangge_api::volunteers::v1::server::{
    import_service_server::ImportServiceServer, official_service_server::OfficialServiceServer,
    project_service_server::ProjectServiceServer,
    service_event_service_server::ServiceEventServiceServer,
    station_service_server::StationServiceServer,
    station_work_service_server::StationWorkServiceServer,
    venue_route_service_server::VenueRouteServiceServer,
    volunteer_service_server::VolunteerServiceServer,
};
use wangge_outbox::{Consumer, Feed, Sequencer};
use wangge_server::Service;

use crate::{
    App,
    api::{
        officials::Officials, projects::Projects, service_events::ServiceEvents,
        station_work::StationWork, stations::Stations, venue_routes::VenueRoutes,
        volunteers::Volunteers,
    },
    commands, consumers, events,
    import::Imports,
};

impl App {
    /// Returns the gRPC services to serve. Their streams end when `stop` is cancelled.
    /// Must be called within a Tokio runtime.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let app = || self.clone();
        // The feed reads through a pool of its own, so that its long-lived readers can't
        // exhaust the connections for calls.
        let feed = Feed::start(self.database.feed.clone(), events::kinds(), stop.clone());
        let imports = Imports { app: app(), stop };
        Service::on(self.database.calls.clone())
            .with(OfficialServiceServer::new(Officials(app())).accept_compressed(Gzip))
            .with(VolunteerServiceServer::new(Volunteers(app())).accept_compressed(Gzip))
            .with(StationServiceServer::new(Stations(app())).accept_compressed(Gzip))
            .with(ServiceEventServiceServer::new(ServiceEvents(app())).accept_compressed(Gzip))
            .with(ProjectServiceServer::new(Projects(app())).accept_compressed(Gzip))
            .with(StationWorkServiceServer::new(StationWork(app())).accept_compressed(Gzip))
            .with(VenueRouteServiceServer::new(VenueRoutes(app())).accept_compressed(Gzip))
            .with(ImportServiceServer::new(imports).accept_compressed(Gzip))
            .with(feed.service().accept_compressed(Gzip))
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
