//! Imports plain records: consecutive rows of one kind form a batch.

use wangge_api::refusal::Refusal;
use wangge_records::load::{self, Rows as _};

use super::Import;
use crate::{
    App,
    domain::import::{Outcome, Plain, Record, Row, Version},
};

/// Imports rows of one kind, or validates them in a dry run.
pub(super) async fn load(
    app: &App,
    import: &mut Import,
    rows: &[Row],
) -> Result<Vec<Outcome>, Refusal> {
    let of = |row: &Row| match &row.content {
        Ok(Record::Plain(record)) => Some(record.clone()),
        _ => None,
    };
    let records: Vec<Plain> = rows.iter().filter_map(of).collect();
    let loaded = load::commit(app, &mut import.known, records, import.validate_only).await?;
    Ok(loaded.into_iter().map(outcome).collect())
}

fn outcome(outcome: load::Outcome) -> Outcome {
    let version = |record_id, revision| Version {
        record_id,
        revision,
    };
    match outcome {
        load::Outcome::Imported(id, revision) => Outcome::Imported(version(id, revision)),
        load::Outcome::Unchanged(id, revision) => Outcome::Unchanged(version(id, revision)),
        load::Outcome::Valid => Outcome::Valid,
        load::Outcome::Refused(refusal) => Outcome::Refused(refusal),
    }
}

/// Returns true if two rows belong to the same batch: plain records of one kind, or both
/// not plain.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (&one.content, &other.content) {
        (Ok(Record::Plain(one)), Ok(Record::Plain(other))) => one.is_like(other),
        (Ok(Record::Plain(_)), _) | (_, Ok(Record::Plain(_))) => false,
        // Rejected rows have no kind: they join registrations and visits, where they are
        // reported in their place.
        _ => true,
    }
}
