//! Rows of an import stream on the wire, checked one by one, and their results.

use chrono::{DateTime, Utc};
use wangge_api::{
    codec::check,
    date::moment,
    refusal::{FieldViolation, Refusal},
    types::v1::RowResult,
    volunteers::v1::{CheckInVisitRecord, import_records_request},
};
use wangge_server::import;

use crate::{
    api::{id, registrations::draft},
    domain::{
        check_in_visit::{self, NewCheckInVisit, REGISTRATION_NOT_CURRENT, Voiding},
        import::{Outcome, Record},
        registration::{self, REGISTERED_ALREADY},
    },
};

/// The record of a row, or why it is refused.
pub(super) fn record(
    record: import_records_request::Record,
    now: DateTime<Utc>,
) -> Result<Record, Refusal> {
    match record {
        import_records_request::Record::Registration(row) => {
            check(&row)?;
            registration::load(draft(row, "")?).map(Record::Registration)
        }
        import_records_request::Record::CheckInVisit(row) => {
            check(&row)?;
            check_in_visit::load(visit(row)?, now).map(Record::CheckInVisit)
        }
    }
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
