//! The outcome of a row, and its form on the wire.

use uuid::Uuid;
use wangge_api::{
    refusal::Refusal,
    types::v1::{RecordVersion, RowOutcome, RowResult, RowViolation},
};

/// The outcome of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The record was created, with this id and revision.
    Imported(Uuid, i64),
    /// The same row was imported before: the record with this id exists, in this
    /// revision.
    Unchanged(Uuid, i64),
    /// The row passed all checks of a dry run.
    Valid,
    /// The row was rejected; nothing of it was written.
    Refused(Refusal),
}

impl Outcome {
    /// Converts the outcome to the result of the row with a number: for a refusal with one
    /// violation per field, or one for the guard that doesn't hold.
    pub fn into_result(self, number: i64) -> RowResult {
        let of = |outcome: RowOutcome| RowResult {
            row_number: number,
            outcome: outcome.into(),
            ..RowResult::default()
        };
        let with_version = |outcome, id: Uuid, revision| RowResult {
            version: Some(RecordVersion {
                record_id: id.to_string(),
                revision,
            }),
            ..of(outcome)
        };
        match self {
            Self::Imported(id, revision) => with_version(RowOutcome::Imported, id, revision),
            Self::Unchanged(id, revision) => with_version(RowOutcome::Unchanged, id, revision),
            Self::Valid => of(RowOutcome::Valid),
            Self::Refused(refusal) => RowResult {
                violations: violations(&refusal),
                ..of(RowOutcome::Refused)
            },
        }
    }
}

fn violations(refusal: &Refusal) -> Vec<RowViolation> {
    let guard = refusal.precondition.as_ref().and_then(|one| one.guard);
    let violation = |field: &str, description: &str| RowViolation {
        field: field.to_owned(),
        reason: refusal.reason.name().to_owned(),
        description: description.to_owned(),
        guard: guard.map_or(0, |guard| guard.code().into()),
    };
    let fields = refusal.fields.iter();
    let broken: Vec<_> = fields
        .map(|broken| violation(&broken.field, &broken.description))
        .collect();
    match &refusal.precondition {
        _ if !broken.is_empty() => broken,
        Some(one) => vec![violation(&one.field, &one.description)],
        None => vec![violation("", &refusal.message)],
    }
}
