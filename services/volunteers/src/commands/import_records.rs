//! Imports records with their past. Adjacent rows of one kind share a transaction. A bad row
//! is rejected before any of it is written, so that the others can commit.

use std::sync::Arc;

use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_record_import::{
    import_rows,
    rows::{self, Outcome, Rows as _},
};
use wangge_record_store::{Claims, RecordContext as _, ResolvedReferences};

use super::context::Copies;
use crate::{
    App,
    domain::{
        agency_case::AgencyCase, beneficiary::Beneficiary, booking::Booking,
        catalogue_item::CatalogueItem, check_in_visit::CheckInVisit, closed_day::ClosedDay,
        delivery::Delivery, functional_area::FunctionalArea, need::Need, need_match::NeedMatch,
        post_holder::PostHolder, project::Project, project_claim::ProjectClaim,
        provider_contract::ProviderContract, recurring_session::RecurringSession,
        registration::Registration, resource::Resource, route_venue::RouteVenue,
        service_event::ServiceEvent, service_post::ServicePost, service_record::ServiceRecord,
        shift::Shift, station::Station, station_duty::StationDuty, station_visit::StationVisit,
        subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, training::Training,
        venue_route::VenueRoute, volunteer::Volunteer, wish::Wish,
    },
};

import_rows! {
    /// A record from a row.
    Record {
        /// An official's registration with a community.
        Registration,
        /// A registered official's check-in visit.
        CheckInVisit,
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

/// The state of an import stream, shared by its batches.
#[derive(Debug)]
pub(crate) struct Import {
    known: ResolvedReferences<Copies>,
    validate_only: bool,
}

impl Import {
    /// Starts an import, or a dry run, by an importer with `scope`. `claims` are the areas
    /// and units that the data set of a dry run contains.
    pub(crate) fn new(
        app: &App,
        scope: RecordScope,
        validate_only: bool,
        claims: Option<Claims>,
    ) -> Self {
        let mut known = ResolvedReferences::new(app.resolver(scope));
        if let Some(claims) = claims {
            known.claim(Arc::new(claims));
        }
        Self {
            known,
            validate_only,
        }
    }

    /// Imports rows, or validates them in a dry run. Returns the outcome of each, in order.
    /// A row is a record that was validated by itself, or the reason why it is rejected.
    pub(crate) async fn load(
        &mut self,
        app: &App,
        rows: Vec<Result<Record, Refusal>>,
    ) -> Result<Vec<Outcome>, Refusal> {
        let mut outcomes = Vec::with_capacity(rows.len());
        // Only adjacent rows are grouped: a later row may reference an earlier one, so the
        // order must be preserved.
        for chunk in rows.chunk_by(go_together) {
            if let [Err(refusal)] = chunk {
                outcomes.push(Outcome::Refused(refusal.clone()));
                continue;
            }
            let records: Vec<Record> = chunk.iter().flatten().cloned().collect();
            let loaded = rows::commit(app, &mut self.known, records, self.validate_only);
            outcomes.extend(loaded.await?);
        }
        Ok(outcomes)
    }
}

fn go_together(one: &Result<Record, Refusal>, other: &Result<Record, Refusal>) -> bool {
    matches!((one, other), (Ok(one), Ok(other)) if one.is_like(other))
}
