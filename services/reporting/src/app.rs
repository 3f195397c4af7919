//! The service put together: handlers, and the consumers of the three feeds.

use std::{net::TcpListener, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding::Gzip, service::Routes};
use wangge_api::reporting::v1::server::{
    report_service_server::ReportServiceServer, wall_service_server::WallServiceServer,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::{Consumer, Projector, applied};
use wangge_pg::Database;
use wangge_server::Service;

use crate::{
    api::{Boards, Reports, Shown, Walls, pages},
    projections::{
        organization::OrganizationProjector, tickets::TicketsProjector,
        volunteers::VolunteersProjector,
    },
    pulse::Pulse,
};

/// Full names of the services, for health.
const SERVICES: &[&str] = &[
    "wangge.reporting.v1.ReportService",
    "wangge.reporting.v1.WallService",
];

/// How many case tables are computed at once: each takes a connection.
const TABLES: usize = 4;

/// Channels to the feeds that are projected.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Organization's.
    pub organization: ServiceChannel,
    /// Tickets'.
    pub tickets: ServiceChannel,
    /// Volunteers'.
    pub volunteers: ServiceChannel,
}

/// The service.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Beats when events were applied.
    pub(crate) pulse: Pulse,
    /// Walls that are being looked at.
    pub(crate) boards: Boards,
    /// So many case tables are computed at once.
    pub(crate) tables: Arc<Semaphore>,
    sources: Sources,
}

impl App {
    /// The service on its database.
    pub fn new(database: Database, clock: Clock, sources: Sources) -> Self {
        Self {
            database,
            clock,
            pulse: Pulse::default(),
            boards: Boards::default(),
            tables: Arc::new(Semaphore::new(TABLES)),
            sources,
        }
    }

    /// What is served.
    /// Streams end at `stop`.
    pub fn service(&self, stop: CancellationToken) -> Service {
        let reports = ReportServiceServer::new(Reports(self.clone()))
            .accept_compressed(Gzip)
            .send_compressed(Gzip);
        let walls = Walls {
            app: self.clone(),
            stop,
        };
        let walls = WallServiceServer::new(walls)
            .accept_compressed(Gzip)
            .send_compressed(Gzip);
        Service {
            names: SERVICES,
            routes: Routes::new(reports).add_service(walls),
            pool: self.database.calls.clone(),
        }
    }

    /// What goes on besides: applying the feeds, and noticing what was applied.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let sources = &self.sources;
        let pulse = self.pulse.clone();
        let pool = self.database.background.clone();
        tasks.spawn(applied::watch(pool, stop.clone(), move || pulse.beat()));
        let organization =
            self.consumer("organization", &sources.organization, OrganizationProjector);
        tasks.spawn(organization.run(stop.clone()));
        let tickets = self.consumer("tickets", &sources.tickets, TicketsProjector);
        tasks.spawn(tickets.run(stop.clone()));
        let volunteers = self.consumer("volunteers", &sources.volunteers, VolunteersProjector);
        tasks.spawn(volunteers.run(stop.clone()));
        tasks
    }

    /// Serves the wall's pages on a listener until `stop`.
    pub async fn serve_pages(self, listener: TcpListener, shown: Shown, stop: CancellationToken) {
        pages::serve(self, listener, shown, stop).await;
    }

    fn consumer<P: Projector>(
        &self,
        service: &'static str,
        channel: &ServiceChannel,
        projector: P,
    ) -> Consumer<P> {
        Consumer {
            service,
            channel: channel.clone(),
            pool: self.database.background.clone(),
            projector: Arc::new(projector),
            clock: self.clock.clone(),
        }
    }
}
