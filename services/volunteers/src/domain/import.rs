//! Rows of a load and what becomes of them.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::plain_rows;

use crate::domain::{
    catalogue_item::CatalogueItem, check_in_visit::NewCheckInVisit,
    functional_area::FunctionalArea, post_holder::PostHolder, provider_contract::ProviderContract,
    registration::Registration, service_post::ServicePost, station::Station,
    subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, volunteer::Volunteer,
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

plain_rows! {
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
