//! The rules of the service's records: validation, state transitions and guards. Pure
//! functions: no database, no network and no system clock. The current time is passed in.

pub mod agency_case;
pub mod area;
pub mod beneficiary;
pub mod booking;
pub mod catalogue_item;
pub mod check_in_visit;
pub mod closed_day;
pub mod delivery;
pub mod functional_area;
pub mod need;
pub mod need_match;
pub mod post_holder;
pub mod project;
pub mod project_claim;
pub mod provider_contract;
pub mod recurring_session;
pub mod registration;
pub mod resource;
pub mod route_venue;
pub mod service_event;
pub mod service_post;
pub mod service_record;
pub mod shift;
pub mod station;
pub mod station_duty;
pub mod station_visit;
pub mod subsidy_entry;
pub mod team;
pub mod team_member;
pub mod training;
pub mod venue_route;
pub mod volunteer;
pub mod wish;
