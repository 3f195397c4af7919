//! What a process of the service runs: its gRPC services and its background tasks.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding::Gzip;
use wangge_api::organization::v1::server::{
    area_service_server::AreaServiceServer,
    co_governance_service_server::CoGovernanceServiceServer,
    estate_service_server::EstateServiceServer, import_service_server::ImportServiceServer,
    person_service_server::PersonServiceServer, resident_service_server::ResidentServiceServer,
    unit_service_server::UnitServiceServer,
};
use wangge_outbox::{Feed, Sequencer};
use wangge_server::Service;

use crate::{
    App,
    api::{
        areas::Areas, co_governance::CoGovernance, estates::Estates, people::People,
        residents::Residents, units::Units,
    },
    events,
    import::Imports,
    watch,
};

impl App {
    /// Returns the gRPC services to serve. Streams end when `stop` is cancelled.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let app = || self.clone();
        // The feed has its own pool: long-lived readers must not take connections from
        // calls.
        let feed = Feed::start(self.database.feed.clone(), events::kinds(), stop.clone());
        let imports = Imports { app: app(), stop };
        Service::on(self.database.calls.clone())
            .with(AreaServiceServer::new(Areas(app())).accept_compressed(Gzip))
            .with(UnitServiceServer::new(Units(app())).accept_compressed(Gzip))
            .with(PersonServiceServer::new(People(app())).accept_compressed(Gzip))
            .with(EstateServiceServer::new(Estates(app())).accept_compressed(Gzip))
            .with(ResidentServiceServer::new(Residents(app())).accept_compressed(Gzip))
            .with(CoGovernanceServiceServer::new(CoGovernance(app())).accept_compressed(Gzip))
            .with(ImportServiceServer::new(imports).accept_compressed(Gzip))
            .with(feed.service())
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
}
