//! The results of rows, as an import stream returns them.

use uuid::Uuid;
use wangge_api::{
    refusal::Refusal,
    types::v1::{RecordVersion, RowOutcome, RowResult, RowViolation},
};

/// Returns the result of a row that was loaded.
pub fn imported(number: i64, id: Uuid, revision: i64) -> RowResult {
    with_version(number, RowOutcome::Imported, id, revision)
}

/// Returns the result of a row that already existed with the same content.
pub fn unchanged(number: i64, id: Uuid, revision: i64) -> RowResult {
    with_version(number, RowOutcome::Unchanged, id, revision)
}

/// Returns the result of a row that passed validation in a dry run.
pub fn valid(number: i64) -> RowResult {
    RowResult {
        row_number: number,
        outcome: RowOutcome::Valid.into(),
        ..RowResult::default()
    }
}

/// Returns the result of a row that was refused, with one violation per field, or one for
/// the guard that doesn't hold. `prefix` is the field prefix of the record in requests
/// that carry a single record, e.g. `area.`; it is stripped.
pub fn refused(number: i64, refusal: &Refusal, prefix: &str) -> RowResult {
    let violation = |field: &str, description: String| RowViolation {
        field: field.strip_prefix(prefix).unwrap_or(field).to_owned(),
        reason: refusal.reason.name().to_owned(),
        description,
    };
    let mut violations: Vec<_> = refusal
        .fields
        .iter()
        .map(|broken| violation(&broken.field, broken.description.clone()))
        .collect();
    if violations.is_empty() {
        let guard = refusal.preconditions.first();
        let why = guard.map(|(guard, _, why)| format!("{guard}: {why}"));
        violations.push(violation(
            "",
            why.unwrap_or_else(|| refusal.message.clone()),
        ));
    }
    RowResult {
        row_number: number,
        outcome: RowOutcome::Refused.into(),
        violations,
        version: None,
    }
}

fn with_version(number: i64, outcome: RowOutcome, id: Uuid, revision: i64) -> RowResult {
    RowResult {
        row_number: number,
        outcome: outcome.into(),
        violations: Vec::new(),
        version: Some(RecordVersion {
            record_id: id.to_string(),
            revision,
        }),
    }
}
