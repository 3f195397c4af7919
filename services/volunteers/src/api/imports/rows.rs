//! Rows of an import stream on the wire, checked one by one, and their results.

use chrono::{DateTime, Utc};
use wangge_api::{
    codec::check,
    date::moment,
    refusal::{FieldViolation, Refusal, reason_name},
    types::v1::{RecordVersion, RowOutcome, RowResult, RowViolation},
    volunteers::v1::{CheckInVisitRecord, import_records_request},
};

use crate::{
    api::{id, registrations::draft},
    domain::{
        check_in_visit::{self, NewCheckInVisit, REGISTRATION_NOT_CURRENT, Voiding},
        import::{Outcome, Record, Version},
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
pub(super) fn result(row_number: i64, outcome: Outcome) -> RowResult {
    let (outcome, version, violations) = match outcome {
        Outcome::Imported(version) => (RowOutcome::Imported, Some(version), Vec::new()),
        Outcome::Unchanged(version) => (RowOutcome::Unchanged, Some(version), Vec::new()),
        Outcome::Valid => (RowOutcome::Valid, None, Vec::new()),
        Outcome::Refused(refusal) => (RowOutcome::Refused, None, violations(refusal)),
    };
    RowResult {
        row_number,
        outcome: outcome.into(),
        violations,
        version: version.map(
            |Version {
                 record_id,
                 revision,
             }| RecordVersion {
                record_id: record_id.to_string(),
                revision,
            },
        ),
    }
}

/// A refusal as violations: one for each field, or for the guard that does not
/// hold.
fn violations(refusal: Refusal) -> Vec<RowViolation> {
    let reason = reason_name(refusal.reason).to_owned();
    let violation = |field: String, description: String| RowViolation {
        field,
        reason: reason.clone(),
        description,
    };
    let fields = refusal.fields.into_iter();
    let mut violations: Vec<_> = fields
        .map(
            |FieldViolation {
                 field, description, ..
             }| violation(field, description),
        )
        .collect();
    violations.extend(
        refusal
            .preconditions
            .into_iter()
            .map(|(guard, _, description)| {
                violation(
                    guarded_field(&guard).to_owned(),
                    format!("{guard}: {description}"),
                )
            }),
    );
    violations
}

/// The field that a guard is about.
fn guarded_field(guard: &str) -> &'static str {
    match guard {
        REGISTERED_ALREADY => "person_id",
        REGISTRATION_NOT_CURRENT => "visit_time",
        _ => "",
    }
}
