//! The contract's gRPC services: maps protos to commands and back. Decides nothing.

mod check_in_visits;
mod imports;
mod projects;
mod registrations;
mod service_events;
mod station_work;
mod stations;
mod venue_routes;
mod volunteers;

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes};
use uuid::Uuid;
use wangge_api::{
    errors::v1::Reason,
    refusal::Refusal,
    volunteers::v1::{
        CheckInVisit, CreateCheckInVisitRequest, CreateRegistrationRequest, EndRegistrationRequest,
        GetCheckInVisitRequest, GetRegistrationRequest, ListCheckInVisitsRequest,
        ListCheckInVisitsResponse, ListRegistrationsRequest, ListRegistrationsResponse,
        Registration, VoidCheckInVisitRequest,
        server::{
            import_service_server::ImportServiceServer,
            official_service_server::{OfficialService, OfficialServiceServer},
            project_service_server::ProjectServiceServer,
            service_event_service_server::ServiceEventServiceServer,
            station_service_server::StationServiceServer,
            station_work_service_server::StationWorkServiceServer,
            venue_route_service_server::VenueRouteServiceServer,
            volunteer_service_server::VolunteerServiceServer,
        },
    },
};
use wangge_kernel::page;
use wangge_outbox::Feed;

use crate::App;

/// Full names of the gRPC services, as health checks report them.
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

/// Builds the handlers of all services. Streams end at `stop`.
pub(crate) fn routes(app: &App, stop: CancellationToken) -> Routes {
    let officials = OfficialServiceServer::new(Officials { app: app.clone() })
        .accept_compressed(CompressionEncoding::Gzip);
    let imports = ImportServiceServer::new(imports::Imports::new(app.clone(), stop.clone()))
        .accept_compressed(CompressionEncoding::Gzip);
    // The feed reads from a pool of its own, so that subscribers that catch up don't
    // take the connections of calls.
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

struct Officials {
    app: App,
}

#[tonic::async_trait]
impl OfficialService for Officials {
    async fn create_registration(
        &self,
        request: Request<CreateRegistrationRequest>,
    ) -> Result<Response<Registration>, Status> {
        Ok(Response::new(
            registrations::create_registration(&self.app, request).await?,
        ))
    }

    async fn get_registration(
        &self,
        request: Request<GetRegistrationRequest>,
    ) -> Result<Response<Registration>, Status> {
        Ok(Response::new(
            registrations::get_registration(&self.app, request).await?,
        ))
    }

    async fn list_registrations(
        &self,
        request: Request<ListRegistrationsRequest>,
    ) -> Result<Response<ListRegistrationsResponse>, Status> {
        Ok(Response::new(
            registrations::list_registrations(&self.app, request).await?,
        ))
    }

    async fn end_registration(
        &self,
        request: Request<EndRegistrationRequest>,
    ) -> Result<Response<Registration>, Status> {
        Ok(Response::new(
            registrations::end_registration(&self.app, request).await?,
        ))
    }

    async fn create_check_in_visit(
        &self,
        request: Request<CreateCheckInVisitRequest>,
    ) -> Result<Response<CheckInVisit>, Status> {
        Ok(Response::new(
            check_in_visits::create_check_in_visit(&self.app, request).await?,
        ))
    }

    async fn get_check_in_visit(
        &self,
        request: Request<GetCheckInVisitRequest>,
    ) -> Result<Response<CheckInVisit>, Status> {
        Ok(Response::new(
            check_in_visits::get_check_in_visit(&self.app, request).await?,
        ))
    }

    async fn list_check_in_visits(
        &self,
        request: Request<ListCheckInVisitsRequest>,
    ) -> Result<Response<ListCheckInVisitsResponse>, Status> {
        Ok(Response::new(
            check_in_visits::list_check_in_visits(&self.app, request).await?,
        ))
    }

    async fn void_check_in_visit(
        &self,
        request: Request<VoidCheckInVisitRequest>,
    ) -> Result<Response<CheckInVisit>, Status> {
        Ok(Response::new(
            check_in_visits::void_check_in_visit(&self.app, request).await?,
        ))
    }
}

/// Parses a required id.
fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, "string.uuid", "must be a UUID"))
}

/// Parses an id that may be omitted.
fn optional_id(text: &str, field: &str) -> Result<Option<Uuid>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

/// Returns the key after which a page begins; `None` for the first page.
fn page_key<K: DeserializeOwned>(
    token: &str,
    arguments: &[&str],
) -> Result<Option<(K, Uuid)>, Refusal> {
    let invalid = || Refusal {
        reason: Reason::PageTokenInvalid,
        ..Refusal::field("page_token", "page_token", "is no token of this list")
    };
    // `arguments` are part of the token: a token of another list, or of the same one
    // with another filter, is refused rather than paged from a key that means nothing.
    match page::decode::<(K, String)>(token, arguments).map_err(|_| invalid())? {
        Some((key, id)) => match Uuid::parse_str(&id) {
            Ok(id) => Ok(Some((key, id))),
            Err(_) => Err(invalid()),
        },
        None => Ok(None),
    }
}

/// Truncates `found` to a page and returns true if there was more.
fn cut<T>(found: &mut Vec<T>, size: i64) -> bool {
    let size = usize::try_from(size).unwrap_or_default();
    let is_more = found.len() > size;
    found.truncate(size);
    is_more
}
