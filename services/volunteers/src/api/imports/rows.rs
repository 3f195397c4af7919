//! Maps rows of an import stream to records, validated one by one, and their results.

use chrono::{DateTime, Utc};
use wangge_api::{
    codec::check,
    date::moment,
    refusal::{FieldViolation, Refusal},
    types::v1::RowResult,
    volunteers::v1::{CheckInVisitRecord, import_records_request},
};
use wangge_records::load;
use wangge_server::import;

use crate::{
    api::{id, registrations::draft},
    domain::{
        agency_case::AgencyCase,
        beneficiary::Beneficiary,
        booking::Booking,
        catalogue_item::CatalogueItem,
        check_in_visit::{self, NewCheckInVisit, REGISTRATION_NOT_CURRENT, Voiding},
        closed_day::ClosedDay,
        delivery::Delivery,
        functional_area::FunctionalArea,
        import::{Outcome, Plain, Record},
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

/// Parses and validates the record of a row.
pub(super) fn record(
    record: import_records_request::Record,
    now: DateTime<Utc>,
) -> Result<Record, Refusal> {
    use import_records_request::Record as Row;
    match record {
        Row::Registration(row) => {
            // The codec doesn't validate rows of a stream, so that a bad row doesn't end it.
            check(&row)?;
            registration::load(draft(row, "")?).map(Record::Registration)
        }
        Row::CheckInVisit(row) => {
            check(&row)?;
            check_in_visit::load(visit(row)?, now).map(Record::CheckInVisit)
        }
        Row::Volunteer(row) => plain(load::draft::<Volunteer>(row, now)?),
        Row::Team(row) => plain(load::draft::<Team>(row, now)?),
        Row::TeamMember(row) => plain(load::draft::<TeamMember>(row, now)?),
        Row::ServicePost(row) => plain(load::draft::<ServicePost>(row, now)?),
        Row::PostHolder(row) => plain(load::draft::<PostHolder>(row, now)?),
        Row::Station(row) => plain(load::draft::<Station>(row, now)?),
        Row::FunctionalArea(row) => plain(load::draft::<FunctionalArea>(row, now)?),
        Row::CatalogueItem(row) => plain(load::draft::<CatalogueItem>(row, now)?),
        Row::ProviderContract(row) => plain(load::draft::<ProviderContract>(row, now)?),
        Row::SubsidyEntry(row) => plain(load::draft::<SubsidyEntry>(row, now)?),
        Row::ServiceEvent(row) => plain(load::draft::<ServiceEvent>(row, now)?),
        Row::Shift(row) => plain(load::draft::<Shift>(row, now)?),
        Row::Training(row) => plain(load::draft::<Training>(row, now)?),
        Row::Need(row) => plain(load::draft::<Need>(row, now)?),
        Row::Resource(row) => plain(load::draft::<Resource>(row, now)?),
        Row::NeedMatch(row) => plain(load::draft::<NeedMatch>(row, now)?),
        Row::Project(row) => plain(load::draft::<Project>(row, now)?),
        Row::ProjectClaim(row) => plain(load::draft::<ProjectClaim>(row, now)?),
        Row::Beneficiary(row) => plain(load::draft::<Beneficiary>(row, now)?),
        Row::Wish(row) => plain(load::draft::<Wish>(row, now)?),
        Row::RecurringSession(row) => plain(load::draft::<RecurringSession>(row, now)?),
        Row::ClosedDay(row) => plain(load::draft::<ClosedDay>(row, now)?),
        Row::Booking(row) => plain(load::draft::<Booking>(row, now)?),
        Row::Delivery(row) => plain(load::draft::<Delivery>(row, now)?),
        Row::ServiceRecord(row) => plain(load::draft::<ServiceRecord>(row, now)?),
        Row::StationVisit(row) => plain(load::draft::<StationVisit>(row, now)?),
        Row::AgencyCase(row) => plain(load::draft::<AgencyCase>(row, now)?),
        Row::StationDuty(row) => plain(load::draft::<StationDuty>(row, now)?),
        Row::VenueRoute(row) => plain(load::draft::<VenueRoute>(row, now)?),
        Row::RouteVenue(row) => plain(load::draft::<RouteVenue>(row, now)?),
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
    // A reason without its time would be dropped silently: the visit would be imported
    // as not voided.
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

/// Maps the outcome of a row to its result.
pub(super) fn result(number: i64, outcome: Outcome) -> RowResult {
    match outcome {
        Outcome::Imported(version) => import::imported(number, version.record_id, version.revision),
        Outcome::Unchanged(version) => {
            import::unchanged(number, version.record_id, version.revision)
        }
        Outcome::Valid => import::valid(number),
        Outcome::Refused(refusal) => import::refused(number, &with_field(refusal), ""),
    }
}

/// Adds to a guard's refusal the field that the guard is about.
fn with_field(mut refusal: Refusal) -> Refusal {
    // Importers report faults by file, line and column, and a guard's refusal names no
    // field by itself.
    if let ([], Some((guard, _, why))) = (&*refusal.fields, refusal.preconditions.first()) {
        let description = format!("{guard}: {why}");
        let field = FieldViolation::new(guarded_field(guard), guard, description);
        refusal.fields.push(field);
    }
    refusal
}

/// Returns the field that a guard is about.
fn guarded_field(guard: &str) -> &'static str {
    match guard {
        REGISTERED_ALREADY => "person_id",
        REGISTRATION_NOT_CURRENT => "visit_time",
        _ => "",
    }
}
