//! Converts the rows of an import stream to records, validates each by itself, and
//! converts the outcomes to results.

use chrono::{DateTime, Utc};
use wangge_api::{
    codec::check,
    date::moment,
    refusal::{FieldViolation, Refusal},
    types::v1::RowResult,
    volunteers::v1::{CheckInVisitRecord, import_records_request},
};
use wangge_record_import::rows;

use crate::{
    api::{id, registrations::draft},
    commands::import_records::rows::{Outcome, Plain, Record},
    domain::{
        agency_case::AgencyCase,
        beneficiary::Beneficiary,
        booking::Booking,
        catalogue_item::CatalogueItem,
        check_in_visit::{self, NewCheckInVisit, REGISTRATION_NOT_CURRENT, Voiding},
        closed_day::ClosedDay,
        delivery::Delivery,
        functional_area::FunctionalArea,
        need::Need,
        need_match::NeedMatch,
        post_holder::PostHolder,
        project::Project,
        project_claim::ProjectClaim,
        provider_contract::ProviderContract,
        recurring_session::RecurringSession,
        registration::{self, REGISTERED_ALREADY},
        resource::Resource,
        route_venue::RouteVenue,
        service_event::ServiceEvent,
        service_post::ServicePost,
        service_record::ServiceRecord,
        shift::Shift,
        station::Station,
        station_duty::StationDuty,
        station_visit::StationVisit,
        subsidy_entry::SubsidyEntry,
        team::Team,
        team_member::TeamMember,
        training::Training,
        venue_route::VenueRoute,
        volunteer::Volunteer,
        wish::Wish,
    },
};

/// Converts and validates the record of a row.
///
/// # Errors
/// Returns the reason why the row is rejected.
pub(super) fn record(
    record: import_records_request::Record,
    now: DateTime<Utc>,
) -> Result<Record, Refusal> {
    use import_records_request::Record as Row;
    match record {
        Row::Registration(row) => {
            check(&row)?;
            registration::load(draft(row, "")?).map(Record::Registration)
        }
        Row::CheckInVisit(row) => {
            check(&row)?;
            check_in_visit::load(visit(row)?, now).map(Record::CheckInVisit)
        }
        Row::Volunteer(row) => plain(rows::draft::<Volunteer>(row, now)?),
        Row::Team(row) => plain(rows::draft::<Team>(row, now)?),
        Row::TeamMember(row) => plain(rows::draft::<TeamMember>(row, now)?),
        Row::ServicePost(row) => plain(rows::draft::<ServicePost>(row, now)?),
        Row::PostHolder(row) => plain(rows::draft::<PostHolder>(row, now)?),
        Row::Station(row) => plain(rows::draft::<Station>(row, now)?),
        Row::FunctionalArea(row) => plain(rows::draft::<FunctionalArea>(row, now)?),
        Row::CatalogueItem(row) => plain(rows::draft::<CatalogueItem>(row, now)?),
        Row::ProviderContract(row) => plain(rows::draft::<ProviderContract>(row, now)?),
        Row::SubsidyEntry(row) => plain(rows::draft::<SubsidyEntry>(row, now)?),
        Row::ServiceEvent(row) => plain(rows::draft::<ServiceEvent>(row, now)?),
        Row::Shift(row) => plain(rows::draft::<Shift>(row, now)?),
        Row::Training(row) => plain(rows::draft::<Training>(row, now)?),
        Row::Need(row) => plain(rows::draft::<Need>(row, now)?),
        Row::Resource(row) => plain(rows::draft::<Resource>(row, now)?),
        Row::NeedMatch(row) => plain(rows::draft::<NeedMatch>(row, now)?),
        Row::Project(row) => plain(rows::draft::<Project>(row, now)?),
        Row::ProjectClaim(row) => plain(rows::draft::<ProjectClaim>(row, now)?),
        Row::Beneficiary(row) => plain(rows::draft::<Beneficiary>(row, now)?),
        Row::Wish(row) => plain(rows::draft::<Wish>(row, now)?),
        Row::RecurringSession(row) => plain(rows::draft::<RecurringSession>(row, now)?),
        Row::ClosedDay(row) => plain(rows::draft::<ClosedDay>(row, now)?),
        Row::Booking(row) => plain(rows::draft::<Booking>(row, now)?),
        Row::Delivery(row) => plain(rows::draft::<Delivery>(row, now)?),
        Row::ServiceRecord(row) => plain(rows::draft::<ServiceRecord>(row, now)?),
        Row::StationVisit(row) => plain(rows::draft::<StationVisit>(row, now)?),
        Row::AgencyCase(row) => plain(rows::draft::<AgencyCase>(row, now)?),
        Row::StationDuty(row) => plain(rows::draft::<StationDuty>(row, now)?),
        Row::VenueRoute(row) => plain(rows::draft::<VenueRoute>(row, now)?),
        Row::RouteVenue(row) => plain(rows::draft::<RouteVenue>(row, now)?),
    }
}

fn plain(record: impl Into<Plain>) -> Result<Record, Refusal> {
    Ok(Record::Plain(record.into()))
}

fn visit(row: CheckInVisitRecord) -> Result<NewCheckInVisit, Refusal> {
    let required = |field| Refusal::field(field, "required", "is required");
    let visit_time = row.visit_time.ok_or_else(|| required("visit_time"))?;
    let voided_time = row
        .voided_time
        .map(|time| moment(&time, "voided_time"))
        .transpose()?;
    // A reason without a time would be dropped silently.
    if voided_time.is_none() && !row.void_reason.is_empty() {
        return Err(required("voided_time"));
    }
    Ok(NewCheckInVisit {
        id: id(&row.id, "id")?.into(),
        registration_id: id(&row.registration_id, "registration_id")?.into(),
        visit_time: moment(&visit_time, "visit_time")?,
        handled: row.handled,
        voiding: voided_time.map(|time| Voiding {
            time,
            reason: row.void_reason,
        }),
        imported: true,
    })
}

/// Converts the outcome of a row to its result.
pub(super) fn result(number: i64, outcome: Outcome) -> RowResult {
    let outcome = match outcome {
        Outcome::Imported(version) => {
            wangge_record_import::Outcome::Imported(version.record_id, version.revision)
        }
        Outcome::Unchanged(version) => {
            wangge_record_import::Outcome::Unchanged(version.record_id, version.revision)
        }
        Outcome::Valid => wangge_record_import::Outcome::Valid,
        Outcome::Refused(refusal) => wangge_record_import::Outcome::Refused(with_field(refusal)),
    };
    outcome.into_result(number)
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
        REGISTERED_ALREADY => "person_id",
        REGISTRATION_NOT_CURRENT => "visit_time",
        _ => "",
    }
}
