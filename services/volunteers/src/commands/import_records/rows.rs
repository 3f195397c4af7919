//! Rows of a load and what becomes of them.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_resource_import::import_rows;

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

/// A row as it was sent, checked by itself.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number that the sender gave it.
    pub number: i64,
    /// What it holds, or why it is refused.
    pub content: Result<Record, Refusal>,
}

/// The record of a row.
#[derive(Debug, Clone)]
pub enum Record {
    /// A registration.
    Registration(Registration),
    /// A visit.
    CheckInVisit(NewCheckInVisit),
    /// A plain record.
    Plain(Plain),
}

import_rows! {
    /// A plain record as a row brings it.
    Plain {
        /// A volunteer.
        Volunteer,
        /// A team.
        Team,
        /// A volunteer's part in a team.
        TeamMember,
        /// A post of voluntary service.
        ServicePost,
        /// A person responsible for a post.
        PostHolder,
        /// A station.
        Station,
        /// A functional area.
        FunctionalArea,
        /// An item of the catalogue.
        CatalogueItem,
        /// A contract with a provider.
        ProviderContract,
        /// An entry of the subsidy ledger.
        SubsidyEntry,
        /// A service event.
        ServiceEvent,
        /// A shift.
        Shift,
        /// A training.
        Training,
        /// A need.
        Need,
        /// A resource.
        Resource,
        /// A match.
        NeedMatch,
        /// A project.
        Project,
        /// A claim.
        ProjectClaim,
        /// A beneficiary.
        Beneficiary,
        /// A wish.
        Wish,
        /// A session.
        RecurringSession,
        /// A closed day.
        ClosedDay,
        /// A booking.
        Booking,
        /// A delivery.
        Delivery,
        /// A service record.
        ServiceRecord,
        /// A visit.
        StationVisit,
        /// An agency case.
        AgencyCase,
        /// A day of duty.
        StationDuty,
        /// A path.
        VenueRoute,
        /// A venue of a path.
        RouteVenue,
    }
}

/// What became of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was made.
    Imported(Version),
    /// The record was there already.
    Unchanged(Version),
    /// It passed every check that a trial makes.
    Valid,
    /// It was refused.
    Refused(Refusal),
}

/// One version of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The record.
    pub record_id: Uuid,
    /// Its revision.
    pub revision: i64,
}

/// Compares a row with the record that has its id already: the same is
/// unchanged, anything else is refused.
pub fn compared(same: bool, kept: Version, kind: &str) -> Outcome {
    if same {
        Outcome::Unchanged(kept)
    } else {
        Outcome::Refused(Refusal::exists(kind, "id"))
    }
}
