//! Import of plain records; adjacent rows of one kind are imported together.

use wangge_api::refusal::Refusal;
use wangge_record_import::rows::{self as loaded_rows, Rows as _};

use super::Import;
use crate::{
    App,
    commands::import_records::rows::{Outcome, Plain, Record, Row, Version},
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
    let loaded = loaded_rows::commit(app, &mut import.known, records, import.validate_only).await?;
    Ok(loaded.into_iter().map(outcome).collect())
}

fn outcome(outcome: wangge_record_import::Outcome) -> Outcome {
    let version = |record_id, revision| Version {
        record_id,
        revision,
    };
    match outcome {
        wangge_record_import::Outcome::Imported(id, revision) => {
            Outcome::Imported(version(id, revision))
        }
        wangge_record_import::Outcome::Unchanged(id, revision) => {
            Outcome::Unchanged(version(id, revision))
        }
        wangge_record_import::Outcome::Valid => Outcome::Valid,
        wangge_record_import::Outcome::Refused(refusal) => Outcome::Refused(refusal),
    }
}

/// Returns true if two adjacent rows are imported together: both are plain records of one
/// kind, or neither is plain.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (&one.content, &other.content) {
        (Ok(Record::Plain(one)), Ok(Record::Plain(other))) => one.is_like(other),
        (Ok(Record::Plain(_)), _) | (_, Ok(Record::Plain(_))) => false,
        // Registrations and visits, with the rejected rows among them, share a batch, so
        // that a visit can reference a registration of the same batch.
        _ => true,
    }
}
