//! Rows of an import stream on the wire, checked one by one, and their results.

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
        catalogue_item::CatalogueItem,
        check_in_visit::{self, NewCheckInVisit, REGISTRATION_NOT_CURRENT, Voiding},
        functional_area::FunctionalArea,
        import::{Outcome, Plain, Record},
        post_holder::PostHolder,
        provider_contract::ProviderContract,
        registration::{self, REGISTERED_ALREADY},
        service_post::ServicePost,
        station::Station,
        subsidy_entry::SubsidyEntry,
        team::Team,
        team_member::TeamMember,
        volunteer::Volunteer,
    },
};

/// The record of a row, or why it is refused.
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

/// The result of a row.
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

/// A refusal by a guard names the field that the guard is about.
fn with_field(mut refusal: Refusal) -> Refusal {
    if let ([], Some((guard, _, why))) = (&*refusal.fields, refusal.preconditions.first()) {
        let description = format!("{guard}: {why}");
        let field = FieldViolation::new(guarded_field(guard), guard, description);
        refusal.fields.push(field);
    }
    refusal
}

/// The field that a guard is about.
fn guarded_field(guard: &str) -> &'static str {
    match guard {
        REGISTERED_ALREADY => "person_id",
        REGISTRATION_NOT_CURRENT => "visit_time",
        _ => "",
    }
}
