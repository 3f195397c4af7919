//! `VenueRouteService`: routes (paths) that connect venues in an order.

use wangge_api::volunteers::v1::{
    self as proto, server::venue_route_service_server::VenueRouteService,
};
use wangge_record_api::{proto_mapping, record_service};

use crate::{
    App,
    domain::{route_venue::RouteVenue, venue_route::VenueRoute},
};

/// The handler of `VenueRouteService`.
#[derive(Debug, Clone)]
pub(crate) struct VenueRoutes(pub App);

proto_mapping! {
    VenueRoute = proto::VenueRoute { name, start_date, end_date }
    change { name }
}
proto_mapping! {
    RouteVenue = proto::RouteVenue { venue_route_id, position, name, station_id, start_date, end_date }
    change { name }
}

record_service! {
    VenueRouteService for VenueRoutes {
        create create_venue_route(proto::CreateVenueRouteRequest, venue_route): VenueRoute,
        get get_venue_route(proto::GetVenueRouteRequest): VenueRoute,
        list list_venue_routes(proto::ListVenueRoutesRequest) on on_date
            -> proto::ListVenueRoutesResponse, venue_routes: VenueRoute,
        update update_venue_route(proto::UpdateVenueRouteRequest, venue_route): VenueRoute,
        end end_venue_route(proto::EndVenueRouteRequest): VenueRoute,

        create create_route_venue(proto::CreateRouteVenueRequest, route_venue): RouteVenue,
        get get_route_venue(proto::GetRouteVenueRequest): RouteVenue,
        list list_route_venues(proto::ListRouteVenuesRequest) by venue_route_id on on_date
            -> proto::ListRouteVenuesResponse, route_venues: RouteVenue,
        update update_route_venue(proto::UpdateRouteVenueRequest, route_venue): RouteVenue,
        end end_route_venue(proto::EndRouteVenueRequest): RouteVenue,
    }
}
