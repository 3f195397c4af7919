//! gRPC handlers: convert between the protos and the domain types. No business rule is
//! implemented here.

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
use tonic::{Request, Response, Status, codec::CompressionEncoding};
use uuid::Uuid;
use wangge_api::{
    refusal::{Reason, Refusal},
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
use wangge_record_api::service::id;
use wangge_server::Service;

use crate::App;

/// Returns the gRPC services to serve. Streams end when `stop` is cancelled.
pub(crate) fn service(app: &App, stop: CancellationToken) -> Service {
    let officials = OfficialServiceServer::new(Officials { app: app.clone() })
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
    Service::on(app.database.calls.clone())
        .with(officials)
        .with(volunteers)
        .with(stations)
        .with(service_events)
        .with(projects)
        .with(station_work)
        .with(venue_routes)
        .with(imports)
        .with(feed)
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

/// Parses an optional id; returns `None` for an empty string.
fn optional_id(text: &str, field: &str) -> Result<Option<Uuid>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

/// Decodes a page token to the sort key after which the page starts; `None` for the
/// first page.
fn page_key<K: DeserializeOwned>(
    token: &str,
    arguments: &[&str],
) -> Result<Option<(K, Uuid)>, Refusal> {
    let invalid = || Refusal {
        reason: Reason::PageTokenInvalid,
        ..Refusal::field("page_token", "page_token", "is not a token of this list")
    };
    // A token is only valid for the list and the filters that it was issued for: with
    // others, the key would point to an arbitrary place.
    match page::decode::<(K, String)>(token, arguments).map_err(|_| invalid())? {
        Some((key, id)) => match Uuid::parse_str(&id) {
            Ok(id) => Ok(Some((key, id))),
            Err(_) => Err(invalid()),
        },
        None => Ok(None),
    }
}

/// Truncates the rows to a page; returns true if there was at least one more.
fn cut<T>(found: &mut Vec<T>, size: i64) -> bool {
    let size = usize::try_from(size).unwrap_or_default();
    let is_more = found.len() > size;
    found.truncate(size);
    is_more
}
