//! Rows of an import and their outcomes.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::plain_rows;

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

/// A row as it was sent, validated on its own.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number assigned by the sender; it identifies the row's result.
    pub number: i64,
    /// The record, or the refusal of the row.
    pub content: Result<Record, Refusal>,
}

/// The record of a row.
#[derive(Debug, Clone)]
pub enum Record {
    /// An official's registration with a community.
    Registration(Registration),
    /// A check-in visit of a registered official.
    CheckInVisit(NewCheckInVisit),
    /// A record of any other kind.
    Plain(Plain),
}

plain_rows! {
    /// A plain record as it is imported by a row.
    Plain {
        /// A volunteer of a community.
        Volunteer,
        /// A team of volunteers.
        Team,
        /// A volunteer's membership in a team.
        TeamMember,
        /// A post of voluntary service.
        ServicePost,
        /// A person responsible for a post.
        PostHolder,
        /// A station or a centre.
        Station,
        /// A functional area of a station.
        FunctionalArea,
        /// An item of a station's catalogue.
        CatalogueItem,
        /// A contract with a provider.
        ProviderContract,
        /// An entry of the subsidy ledger.
        SubsidyEntry,
        /// An organised service event.
        ServiceEvent,
        /// A shift of a volunteer.
        Shift,
        /// A training of a volunteer.
        Training,
        /// A need of a community.
        Need,
        /// A resource that is offered.
        Resource,
        /// A match of a need with a resource.
        NeedMatch,
        /// A project that meets a need.
        Project,
        /// A claim on a place in a project.
        ProjectClaim,
        /// A beneficiary of a project.
        Beneficiary,
        /// A wish of a resident.
        Wish,
        /// A weekly session of a station.
        RecurringSession,
        /// A day on which stations are closed.
        ClosedDay,
        /// A booking of a place in a session.
        Booking,
        /// A delivery to a resident.
        Delivery,
        /// A record of one person served.
        ServiceRecord,
        /// A visit to a station.
        StationVisit,
        /// An application handled for a resident.
        AgencyCase,
        /// A day of duty at a station.
        StationDuty,
        /// A path that connects venues.
        VenueRoute,
        /// A venue on a path.
        RouteVenue,
    }
}

/// The outcome of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was created.
    Imported(Version),
    /// The record existed with the same content.
    Unchanged(Version),
    /// It passed every check of a dry run.
    Valid,
    /// It was rejected, for this reason.
    Refused(Refusal),
}

/// A record's id and revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Id of the record.
    pub record_id: Uuid,
    /// Revision of the record.
    pub revision: i64,
}

/// Compares a row with the record that has its id: the same content is unchanged, any
/// other is rejected.
pub fn compared(same: bool, kept: Version, kind: &str) -> Outcome {
    if same {
        Outcome::Unchanged(kept)
    } else {
        Outcome::Refused(Refusal::exists(kind, "id"))
    }
}
