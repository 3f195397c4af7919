//! Assembly of the service: its handlers, and the consumers of the three feeds.

use std::{net::TcpListener, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding::Gzip;
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

/// Maximum number of case tables computed at once: each holds a connection.
const TABLES: usize = 4;

/// Channels to the services whose feeds are consumed.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Channel to the organization service.
    pub organization: ServiceChannel,
    /// Channel to the tickets service.
    pub tickets: ServiceChannel,
    /// Channel to the volunteers service.
    pub volunteers: ServiceChannel,
}

/// Shared state of the service: the database pools, the clock and the walls in use.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// Notifies watchers when events were applied.
    pub(crate) pulse: Pulse,
    /// Walls that are being watched.
    pub(crate) boards: Boards,
    /// Limits how many case tables are computed at once.
    pub(crate) tables: Arc<Semaphore>,
    sources: Sources,
}

impl App {
    /// Creates the service on its database.
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

    /// Returns the gRPC services to serve. Streams end when `stop` is cancelled.
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
        Service::on(self.database.calls.clone())
            .with(reports)
            .with(walls)
    }

    /// Spawns the background tasks: consuming the feeds, and noticing what was applied.
    pub fn background(&self, stop: CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let sources = &self.sources;
        let pulse = self.pulse.clone();
        // Another replica may have applied the events, so the database reports them rather than
        // the consumers of this process.
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

    /// Serves the wall's pages on a listener until `stop` is cancelled.
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
            // Not the pool of the calls: applying a long feed must not take connections from them.
            pool: self.database.background.clone(),
            projector: Arc::new(projector),
            clock: self.clock.clone(),
        }
    }
}
