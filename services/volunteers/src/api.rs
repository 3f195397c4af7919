//! gRPC handlers: convert between the protos and the domain types. No business rule is
//! implemented here.

pub(crate) mod officials;
pub(crate) mod projects;
pub(crate) mod service_events;
pub(crate) mod station_work;
pub(crate) mod stations;
pub(crate) mod venue_routes;
pub(crate) mod volunteers;
