//! Rows of plain records: those of one kind that stand together are loaded
//! together.

use futures::FutureExt as _;
use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_pg::transact;
use wangge_records::load;

use super::{Import, TRIES};
use crate::{
    App,
    domain::import::{Outcome, Plain, Record, Row, Version},
    error::CONSTRAINTS,
};

/// Loads rows of one kind, or only tries to.
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
    let trial = import.validate_only;
    if !trial {
        Plain::wait(app, &mut import.known, &records).await?;
    }
    let mut tries = 1;
    loop {
        let mut known = import.known.clone();
        let (records, now) = (records.clone(), app.clock.now());
        let loaded = transact(&app.database.calls, CONSTRAINTS, move |tx| {
            async move {
                let outcomes = Plain::load(tx, &mut known, records, trial, now).await?;
                Ok((known, outcomes))
            }
            .boxed()
        })
        .await;
        match loaded {
            Err(refusal) if refusal.reason == Reason::ConcurrentChange && tries < TRIES => {
                tries += 1;
            }
            Err(refusal) => return Err(refusal),
            Ok((known, outcomes)) => {
                import.known = known;
                app.hint.committed();
                return Ok(outcomes.into_iter().map(outcome).collect());
            }
        }
    }
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

/// Whether two rows are loaded together: plain records of one kind, or neither
/// plain.
pub(super) fn go_together(one: &Row, other: &Row) -> bool {
    match (&one.content, &other.content) {
        (Ok(Record::Plain(one)), Ok(Record::Plain(other))) => one.is_like(other),
        (Ok(Record::Plain(_)), _) | (_, Ok(Record::Plain(_))) => false,
        _ => true,
    }
}
