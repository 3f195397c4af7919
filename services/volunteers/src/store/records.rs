//! The tables of records: `table!` generates one set of statements for each.

use wangge_record_store::table;

use crate::{
    domain::{
        agency_case::{AgencyCase, AgencyCaseState},
        beneficiary::Beneficiary,
        booking::{Booking, BookingState},
        catalogue_item::CatalogueItem,
        check_in_visit::{CheckInVisit, CheckInVisitState},
        closed_day::ClosedDay,
        delivery::{Delivery, DeliveryState},
        functional_area::FunctionalArea,
        need::Need,
        need_match::NeedMatch,
        post_holder::PostHolder,
        project::{Project, ProjectState},
        project_claim::{ProjectClaim, ProjectClaimState},
        provider_contract::ProviderContract,
        recurring_session::RecurringSession,
        registration::Registration,
        resource::Resource,
        route_venue::RouteVenue,
        service_event::{ServiceEvent, ServiceEventState},
        service_post::ServicePost,
        service_record::{ServiceRecord, ServiceRecordState},
        shift::{Shift, ShiftState},
        station::Station,
        station_duty::StationDuty,
        station_visit::StationVisit,
        subsidy_entry::SubsidyEntry,
        team::Team,
        team_member::TeamMember,
        training::Training,
        venue_route::VenueRoute,
        volunteer::Volunteer,
        wish::{Wish, WishState},
    },
    events,
    store::{
        beneficiary, booking, check_in_visit, doubles, project, project_claim, promises,
        registration, service_event, service_record, shift,
    },
};

// `keeps` lists the columns that never change, `changes` those that an update writes.
// Apart from the columns of `Metadata` and `Lifecycle`, a column in neither list is not written
// at all; `import_rows!` has a test that compares the lists with the fields.
table! { Registration in "registration" dated
keeps "person_id, home_unit_id, start_date"
changes "end_date"
guarded by registration::guard
told by events::registration_changed
listed by registration::LISTING }
table! { CheckInVisit in "check_in_visit" states(CheckInVisitState)
keeps "registration_id, person_id, visit_time, handled"
guarded by check_in_visit::guard
told by events::check_in_visit_changed
listed by check_in_visit::LISTING }
table! { Volunteer in "volunteer" dated
keeps "person_id, start_date"
changes "name, skills, end_date"
guarded by promises::of_shifts }
table! { Team in "team" dated
keeps "kind, start_date"
changes "name, end_date" }
// Memberships need no guard: they are no longer in effect once their team or volunteer
// has ended.
table! { TeamMember in "team_member" of "team_id" dated
keeps "team_id, volunteer_id, start_date"
changes "end_date" }
table! { ServicePost in "service_post" dated
keeps "start_date"
changes "name, planned_count, end_date"
guarded by promises::of_shifts }
table! { PostHolder in "post_holder" of "service_post_id" dated
keeps "service_post_id, volunteer_id, start_date"
changes "end_date" }
table! { Station in "station" dated
keeps "kind, start_date"
changes "name, end_date"
guarded by promises::of_stations }
table! { FunctionalArea in "functional_area" of "station_id" dated
keeps "station_id, start_date"
changes "name, capacity, end_date"
guarded by doubles::of_functional_areas }
table! { CatalogueItem in "catalogue_item" of "station_id" dated
keeps "station_id, price_kind, price_fen, start_date"
changes "name, end_date"
guarded by doubles::of_catalogue_items }
table! { ProviderContract in "provider_contract" dated
keeps "unit_id, station_id, amount_fen, start_date"
changes "subject, end_date" }
// No `changes`: a ledger entry is corrected by an entry with the opposite amount.
table! { SubsidyEntry in "subsidy_entry" of "station_id"
keeps "station_id, amount_fen, entry_date, purpose" }
table! { ServiceEvent in "service_event" states(ServiceEventState)
keeps "kind, team_id, station_id"
changes "title, start_time, end_time"
guarded by service_event::guard, followed by service_event::follow }
// The times are in `keeps`: a volunteer has committed to this time and no other. The
// parent expression is that of the index `shift_parent_id`.
table! { Shift in "shift" of "coalesce(service_event_id, service_post_id, station_id)" states(ShiftState)
keeps "service_event_id, service_post_id, station_id, start_time, end_time"
changes "volunteer_id, worked_minutes, signed_in_time, signed_out_time"
guarded by shift::guard }
table! { Training in "training" of "volunteer_id"
keeps "volunteer_id, subject, training_date, minutes" }
table! { Need in "need" dated
keeps "kind, unit_id, resident_id, start_date"
changes "title, end_date" }
table! { Resource in "resource" dated
keeps "kind, unit_id, volunteer_id, start_date"
changes "title, end_date" }
table! { NeedMatch in "need_match" of "need_id"
keeps "need_id, resource_id, volunteer_id, reason, match_date"
guarded by doubles::of_matches }
table! { Project in "project" states(ProjectState)
keeps "need_id, place_count"
changes "title, need_match_id, score, evaluation"
guarded by project::guard, followed by project::follow }
table! { ProjectClaim in "project_claim" of "project_id" states(ProjectClaimState)
keeps "project_id, unit_id, volunteer_id"
guarded by project_claim::guard }
table! { Beneficiary in "beneficiary" of "project_id"
keeps "project_id, resident_id, benefit_date"
guarded by beneficiary::guard }
table! { Wish in "wish" states(WishState)
keeps "resident_id"
changes "title, unit_id, volunteer_id, claim_until_time" }
table! { RecurringSession in "recurring_session" of "station_id" dated
keeps "station_id, catalogue_item_id, weekday, start_minute, end_minute, start_date"
changes "name, capacity, end_date"
guarded by promises::of_sessions }
table! { ClosedDay in "closed_day"
keeps "closed_date, name, station_id"
guarded by promises::of_closed_days }
table! { Booking in "booking" of "recurring_session_id" states(BookingState)
keeps "recurring_session_id, session_date, resident_id"
guarded by booking::guard }
table! { Delivery in "delivery" of "station_id" states(DeliveryState)
keeps "station_id, resident_id, goods"
changes "volunteer_id" }
table! { ServiceRecord in "service_record" of "coalesce(station_id, service_event_id)" states(ServiceRecordState)
keeps "station_id, service_event_id, catalogue_item_id, resident_id, served_time"
guarded by service_record::guard }
table! { StationVisit in "station_visit" of "station_id"
keeps "station_id, kind, visitor, visit_time, service_record_id" }
table! { AgencyCase in "agency_case" of "station_id" states(AgencyCaseState)
keeps "station_id, resident_id, livelihood_matter_id"
changes "matter, handler_person_id, is_authorised, papers, result, papers_returned_time" }
// Once a day per person and area: the table's unique index, not a guard, rejects more.
table! { StationDuty in "station_duty" of "station_id"
keeps "station_id, person_id, duty_date" }
table! { VenueRoute in "venue_route" dated
keeps "start_date"
changes "name, end_date" }
table! { RouteVenue in "route_venue" of "venue_route_id" dated
keeps "venue_route_id, position, station_id, start_date"
changes "name, end_date" }
