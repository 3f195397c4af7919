//! Converts the rows of an import stream to records, validates each by itself, and
//! converts the outcomes to results.

use chrono::{DateTime, Utc};
use wangge_api::{
    refusal::{FieldViolation, Refusal},
    types::v1::RowResult,
    volunteers::v1::import_records_request::Record as Row,
};
use wangge_record_api::proto_mapping;
use wangge_record_import::rows::{self, Outcome};
use wangge_server::import;

use crate::{
    api::officials::past_visit,
    commands::import_records::Record,
    domain::{
        agency_case::AgencyCase, beneficiary::Beneficiary, booking::Booking,
        catalogue_item::CatalogueItem, closed_day::ClosedDay, delivery::Delivery,
        functional_area::FunctionalArea, need::Need, need_match::NeedMatch,
        post_holder::PostHolder, project::Project, project_claim::ProjectClaim,
        provider_contract::ProviderContract, recurring_session::RecurringSession,
        registration::Registration, resource::Resource, route_venue::RouteVenue,
        service_event::ServiceEvent, service_post::ServicePost, service_record::ServiceRecord,
        shift::Shift, station::Station, station_duty::StationDuty, station_visit::StationVisit,
        subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, training::Training,
        venue_route::VenueRoute, volunteer::Volunteer, wish::Wish,
    },
};

/// Converts and validates the record of a row.
///
/// # Errors
/// Returns the reason why the row is rejected.
pub(super) fn record(row: Row, now: DateTime<Utc>) -> Result<Record, Refusal> {
    Ok(match row {
        Row::Registration(row) => rows::draft::<Registration>(row, now)?.into(),
        Row::CheckInVisit(row) => {
            let id = row.id.clone();
            let visit = rows::draft_by(row, &id, now, |row, metadata| {
                proto_mapping::read(metadata, |metadata, checks| {
                    past_visit(row, metadata, checks)
                })
            });
            visit?.into()
        }
        Row::Volunteer(row) => rows::draft::<Volunteer>(row, now)?.into(),
        Row::Team(row) => rows::draft::<Team>(row, now)?.into(),
        Row::TeamMember(row) => rows::draft::<TeamMember>(row, now)?.into(),
        Row::ServicePost(row) => rows::draft::<ServicePost>(row, now)?.into(),
        Row::PostHolder(row) => rows::draft::<PostHolder>(row, now)?.into(),
        Row::Station(row) => rows::draft::<Station>(row, now)?.into(),
        Row::FunctionalArea(row) => rows::draft::<FunctionalArea>(row, now)?.into(),
        Row::CatalogueItem(row) => rows::draft::<CatalogueItem>(row, now)?.into(),
        Row::ProviderContract(row) => rows::draft::<ProviderContract>(row, now)?.into(),
        Row::SubsidyEntry(row) => rows::draft::<SubsidyEntry>(row, now)?.into(),
        Row::ServiceEvent(row) => rows::draft::<ServiceEvent>(row, now)?.into(),
        Row::Shift(row) => rows::draft::<Shift>(row, now)?.into(),
        Row::Training(row) => rows::draft::<Training>(row, now)?.into(),
        Row::Need(row) => rows::draft::<Need>(row, now)?.into(),
        Row::Resource(row) => rows::draft::<Resource>(row, now)?.into(),
        Row::NeedMatch(row) => rows::draft::<NeedMatch>(row, now)?.into(),
        Row::Project(row) => rows::draft::<Project>(row, now)?.into(),
        Row::ProjectClaim(row) => rows::draft::<ProjectClaim>(row, now)?.into(),
        Row::Beneficiary(row) => rows::draft::<Beneficiary>(row, now)?.into(),
        Row::Wish(row) => rows::draft::<Wish>(row, now)?.into(),
        Row::RecurringSession(row) => rows::draft::<RecurringSession>(row, now)?.into(),
        Row::ClosedDay(row) => rows::draft::<ClosedDay>(row, now)?.into(),
        Row::Booking(row) => rows::draft::<Booking>(row, now)?.into(),
        Row::Delivery(row) => rows::draft::<Delivery>(row, now)?.into(),
        Row::ServiceRecord(row) => rows::draft::<ServiceRecord>(row, now)?.into(),
        Row::StationVisit(row) => rows::draft::<StationVisit>(row, now)?.into(),
        Row::AgencyCase(row) => rows::draft::<AgencyCase>(row, now)?.into(),
        Row::StationDuty(row) => rows::draft::<StationDuty>(row, now)?.into(),
        Row::VenueRoute(row) => rows::draft::<VenueRoute>(row, now)?.into(),
        Row::RouteVenue(row) => rows::draft::<RouteVenue>(row, now)?.into(),
    })
}

/// Converts the outcome of a row to its result.
pub(super) fn result(number: i64, outcome: Outcome) -> RowResult {
    match outcome {
        Outcome::Imported(id, revision) => import::imported(number, id, revision),
        Outcome::Unchanged(id, revision) => import::unchanged(number, id, revision),
        Outcome::Valid => import::valid(number),
        Outcome::Refused(refusal) => import::refused(number, &with_field(refusal), ""),
    }
}

/// Adds the field that a failed guard is about, so that the sender can find the value in
/// the row.
fn with_field(mut refusal: Refusal) -> Refusal {
    // Only if the refusal names no field itself.
    if let ([], Some((guard, _, why))) = (&*refusal.fields, refusal.preconditions.first()) {
        let description = format!("{guard}: {why}");
        let field = FieldViolation::new(guarded_field(guard), guard, description);
        refusal.fields.push(field);
    }
    refusal
}

/// Returns the field that a guard is about, or an empty string.
fn guarded_field(guard: &str) -> &'static str {
    match guard {
        "registered_already" => "person_id",
        "registration_not_current" => "visit_time",
        _ => "",
    }
}
