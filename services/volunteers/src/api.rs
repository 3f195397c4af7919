//! gRPC handlers: convert between the protos and the domain types. No business rule is
//! implemented here.

mod imports;
mod officials;
mod projects;
mod service_events;
mod station_work;
mod stations;
mod venue_routes;
mod volunteers;

use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding, service::Routes};
use wangge_api::volunteers::v1::server::{
    import_service_server::ImportServiceServer, official_service_server::OfficialServiceServer,
    project_service_server::ProjectServiceServer,
    service_event_service_server::ServiceEventServiceServer,
    station_service_server::StationServiceServer,
    station_work_service_server::StationWorkServiceServer,
    venue_route_service_server::VenueRouteServiceServer,
    volunteer_service_server::VolunteerServiceServer,
};
use wangge_outbox::Feed;

use crate::App;

/// Full names of the gRPC services, as health checks use them.
pub(crate) const NAMES: &[&str] = &[
    "wangge.volunteers.v1.OfficialService",
    "wangge.volunteers.v1.VolunteerService",
    "wangge.volunteers.v1.StationService",
    "wangge.volunteers.v1.ServiceEventService",
    "wangge.volunteers.v1.ProjectService",
    "wangge.volunteers.v1.StationWorkService",
    "wangge.volunteers.v1.VenueRouteService",
    "wangge.volunteers.v1.ImportService",
    "wangge.events.v1.FeedService",
];

/// Returns the routes of all services. Streams end when `stop` is cancelled.
pub(crate) fn routes(app: &App, stop: CancellationToken) -> Routes {
    let officials = OfficialServiceServer::new(officials::Officials(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let imports = ImportServiceServer::new(imports::Imports::new(app.clone(), stop.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    // The feed reads through a pool of its own, so that its long-lived readers can't
    // exhaust the connections for calls.
    let feed = Feed::start(app.database.feed.clone(), stop)
        .service()
        .accept_compressed(CompressionEncoding::Gzip);
    let volunteers = VolunteerServiceServer::new(volunteers::Volunteers(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let stations = StationServiceServer::new(stations::Stations(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let service_events = ServiceEventServiceServer::new(service_events::ServiceEvents(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let projects = ProjectServiceServer::new(projects::Projects(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let station_work = StationWorkServiceServer::new(station_work::StationWork(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    let venue_routes = VenueRouteServiceServer::new(venue_routes::VenueRoutes(app.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    Routes::new(officials)
        .add_service(volunteers)
        .add_service(stations)
        .add_service(service_events)
        .add_service(projects)
        .add_service(station_work)
        .add_service(venue_routes)
        .add_service(imports)
        .add_service(feed)
}
