//! Import of one row: validates the record, compares it with the stored one, applies
//! the checks of its create command, and saves it.

use std::hash::Hash;

use uuid::Uuid;
use wangge_api::refusal::{Reason, Refusal};
use wangge_pg::{Tx, transaction::Failure};

use super::{Draft, Outcome, Run};
use crate::{events::Origin, store};

mod people;
mod places;

/// Imports a row, or only checks it in a dry run.
pub(super) async fn load_row(
    tx: &mut Tx,
    run: &mut Run,
    draft: &Draft,
    origin: Origin,
) -> Result<Outcome, Failure> {
    match try_row(tx, run, draft.clone(), origin).await {
        // Another stream may have imported the very same row since the lookup. Its insert
        // has blocked ours until its commit, so the row is visible now.
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::RecordExists => {
            try_row(tx, run, draft.clone(), origin).await
        }
        other => other,
    }
}

async fn try_row(
    tx: &mut Tx,
    run: &mut Run,
    draft: Draft,
    origin: Origin,
) -> Result<Outcome, Failure> {
    match draft {
        Draft::Area(draft, row) => places::area(tx, run, draft, &row, origin).await,
        Draft::Address(draft) => places::address(tx, run, draft, origin).await,
        Draft::Unit(draft, row) => people::unit(tx, run, draft, &row, origin).await,
        Draft::Person(draft) => people::person(tx, run, draft).await,
        Draft::Appointment(draft, row) => people::appointment(tx, run, draft, &row, origin).await,
        Draft::Figure(draft) => places::figure(tx, run, draft, origin).await,
        // Plain records are imported together with others of their kind.
        Draft::Plain(_) => Err(Refusal::internal(&"a plain record was passed as a row").into()),
    }
}

impl Run {
    /// Returns the outcome of a row whose id exists already: in the database, or earlier
    /// in the stream of a dry run. Returns `None` for a new id.
    fn known<R: Hash + Eq>(
        &self,
        field: &'static str,
        id: Uuid,
        record: &R,
        kept: Option<(R, i64)>,
    ) -> Result<Option<Outcome>, Refusal> {
        let (kind, _) = field.split_once('.').unwrap_or((field, ""));
        let same = match &kept {
            Some((kept, _)) => Some(kept == record),
            None => self.seen.again(id, record),
        };
        match (same, kept) {
            (None, _) => Ok(None),
            (Some(false), _) => Err(Refusal::exists(kind, field)),
            // An import can be repeated after an interruption: rows that exist are no errors.
            (Some(true), Some((_, revision))) if !self.validate_only => {
                Ok(Some(Outcome::Unchanged(id, revision)))
            }
            (Some(true), _) => Ok(Some(Outcome::Valid)),
        }
    }

    /// Returns the record to compare with a row, and its revision: the stored record, or
    /// the row's own if the stored record was imported from that very row and has changed
    /// since.
    async fn kept_from<R: Clone + Eq>(
        &self,
        tx: &mut Tx,
        (kind, id, row): (&'static str, Uuid, &str),
        record: &R,
        kept: Option<(R, i64)>,
    ) -> Result<Option<(R, i64)>, Failure> {
        match kept {
            Some((kept, revision))
                // Without this, re-importing a folder would fail on every record that was changed
                // after its first import.
                if kept != *record && store::loaded::is_from(tx, kind, id, row).await? =>
            {
                Ok(Some((record.clone(), revision)))
            }
            kept => Ok(kept),
        }
    }

    /// Returns the outcome of a new and valid row.
    fn passed(&mut self, id: Uuid, record: &impl Hash) -> Outcome {
        if self.validate_only {
            self.seen.note(id, record);
            Outcome::Valid
        } else {
            Outcome::Imported(id, 1)
        }
    }
}

/// Rejects a value that another stored record has already.
fn free(taken: Option<&'static str>, kind: &str) -> Result<(), Refusal> {
    taken.map_or(Ok(()), |field| Err(Refusal::exists(kind, field)))
}
