//! Plain records in the database: one set of statements for each table.

use wangge_records::kept;

use crate::{
    domain::{
        agency_case::{AgencyCase, AgencyCaseState},
        beneficiary::Beneficiary,
        booking::{Booking, BookingState},
        catalogue_item::CatalogueItem,
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
    store::{booking, project, project_claim, shift},
};

kept! { Volunteer in "volunteer" dated changes "name, skills, end_date" }
kept! { Team in "team" dated changes "name, end_date" }
kept! { TeamMember in "team_member" of "team_id" dated changes "end_date" }
kept! { ServicePost in "service_post" dated changes "name, planned_count, end_date" }
kept! { PostHolder in "post_holder" of "service_post_id" dated changes "end_date" }
kept! { Station in "station" dated changes "name, end_date" }
kept! { FunctionalArea in "functional_area" of "station_id" dated changes "name, capacity, end_date" }
kept! { CatalogueItem in "catalogue_item" of "station_id" dated changes "name, end_date" }
kept! { ProviderContract in "provider_contract" dated changes "subject, end_date" }
kept! { SubsidyEntry in "subsidy_entry" of "station_id" }
kept! { ServiceEvent in "service_event" states(ServiceEventState) changes "title, start_time, end_time" }
kept! { Shift in "shift" of "coalesce(service_event_id, service_post_id, station_id)" states(ShiftState) changes "volunteer_id, worked_minutes, signed_in_time, signed_out_time" guarded by shift::guard }
kept! { Training in "training" of "volunteer_id" }
kept! { Need in "need" dated changes "title, end_date" }
kept! { Resource in "resource" dated changes "title, end_date" }
kept! { NeedMatch in "need_match" of "need_id" }
kept! { Project in "project" states(ProjectState) changes "title, need_match_id, score, evaluation" guarded by project::guard }
kept! { ProjectClaim in "project_claim" of "project_id" states(ProjectClaimState) guarded by project_claim::guard }
kept! { Beneficiary in "beneficiary" of "project_id" }
kept! { Wish in "wish" states(WishState) changes "title, unit_id, volunteer_id, claim_until_time" }
kept! { RecurringSession in "recurring_session" of "station_id" dated changes "name, capacity, end_date" }
kept! { ClosedDay in "closed_day" }
kept! { Booking in "booking" of "recurring_session_id" states(BookingState) guarded by booking::guard }
kept! { Delivery in "delivery" of "station_id" states(DeliveryState) changes "volunteer_id" }
kept! { ServiceRecord in "service_record" of "coalesce(station_id, service_event_id)" states(ServiceRecordState) }
kept! { StationVisit in "station_visit" of "station_id" }
kept! { AgencyCase in "agency_case" of "station_id" states(AgencyCaseState) changes "matter, handler_person_id, is_authorised, papers, result, papers_returned_time" }
kept! { StationDuty in "station_duty" of "station_id" }
kept! { VenueRoute in "venue_route" dated changes "name, end_date" }
kept! { RouteVenue in "route_venue" of "venue_route_id" dated changes "name, end_date" }
