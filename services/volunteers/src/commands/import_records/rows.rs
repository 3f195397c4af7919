//! Rows of an import and their outcomes.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_record_import::import_rows;

use crate::domain::{
    agency_case::AgencyCase, beneficiary::Beneficiary, booking::Booking,
    catalogue_item::CatalogueItem, check_in_visit::NewCheckInVisit, closed_day::ClosedDay,
    delivery::Delivery, functional_area::FunctionalArea, need::Need, need_match::NeedMatch,
    post_holder::PostHolder, project::Project, project_claim::ProjectClaim,
    provider_contract::ProviderContract, recurring_session::RecurringSession,
    registration::Registration, resource::Resource, route_venue::RouteVenue,
    service_event::ServiceEvent, service_post::ServicePost, service_record::ServiceRecord,
    shift::Shift, station::Station, station_duty::StationDuty, station_visit::StationVisit,
    subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, training::Training,
    venue_route::VenueRoute, volunteer::Volunteer, wish::Wish,
};

/// A row of an import, validated without regard to other rows or stored records.
#[derive(Debug, Clone)]
pub struct Row {
    /// Row number, as set by the sender.
    pub number: i64,
    /// The record, or the reason why the row is rejected.
    pub content: Result<Record, Refusal>,
}

/// The record that a row contains.
#[derive(Debug, Clone)]
pub enum Record {
    /// An official's registration with a community.
    Registration(Registration),
    /// A registered official's check-in visit.
    CheckInVisit(NewCheckInVisit),
    /// A record that the generic import handles.
    Plain(Plain),
}

import_rows! {
    /// A plain record from a row.
    Plain {
        /// A volunteer in an area.
        Volunteer,
        /// A team of volunteers.
        Team,
        /// A volunteer's membership in a team.
        TeamMember,
        /// A post of voluntary service.
        ServicePost,
        /// A person responsible for a post.
        PostHolder,
        /// A service station in an area.
        Station,
        /// A functional area of a station.
        FunctionalArea,
        /// An item of a station's catalogue.
        CatalogueItem,
        /// A contract with a provider.
        ProviderContract,
        /// An entry of the subsidy ledger.
        SubsidyEntry,
        /// A service event with shifts.
        ServiceEvent,
        /// A volunteer's shift at a service event.
        Shift,
        /// A training that a volunteer has had.
        Training,
        /// A need of a community.
        Need,
        /// A resource that a unit or volunteer offers.
        Resource,
        /// A match of a need with a resource.
        NeedMatch,
        /// A project that can be claimed.
        Project,
        /// A claim on a project.
        ProjectClaim,
        /// A beneficiary of a project.
        Beneficiary,
        /// A wish that can be claimed.
        Wish,
        /// A recurring session at a station.
        RecurringSession,
        /// A day on which stations are closed.
        ClosedDay,
        /// A booking of a place in a session.
        Booking,
        /// A delivery of a station to a resident.
        Delivery,
        /// A record of a service to a resident.
        ServiceRecord,
        /// A visit to a station.
        StationVisit,
        /// A case handled on a resident's behalf.
        AgencyCase,
        /// A person's day of duty at a station.
        StationDuty,
        /// A route that connects venues.
        VenueRoute,
        /// A venue on a route.
        RouteVenue,
    }
}

/// The outcome of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was created in this version.
    Imported(Version),
    /// The same record existed already, in this version.
    Unchanged(Version),
    /// The row passed all checks of a dry run.
    Valid,
    /// The row was rejected; nothing of it was written.
    Refused(Refusal),
}

/// One version of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Id of the record.
    pub record_id: Uuid,
    /// Revision of the record, starting at 1.
    pub revision: i64,
}

/// Returns the outcome of a row whose id exists already: `Unchanged` if the content is
/// the same, otherwise rejected.
pub fn compared(same: bool, kept: Version, kind: &str) -> Outcome {
    if same {
        Outcome::Unchanged(kept)
    } else {
        Outcome::Refused(Refusal::exists(kind, "id"))
    }
}
