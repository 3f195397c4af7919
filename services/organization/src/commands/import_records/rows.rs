//! One row: the record as it should be, compared with the one that is there,
//! checked as its command checks it, and saved.

use std::hash::Hash;

use uuid::Uuid;
use wangge_api::refusal::{Reason, Refusal};
use wangge_pg::{Tx, transaction::Failure};

use super::{Draft, Outcome, Run};
use crate::{events::Origin, store};

mod people;
mod places;

/// Loads a row, or only checks it.
pub(super) async fn load_row(
    tx: &mut Tx,
    run: &mut Run,
    draft: &Draft,
    origin: Origin,
) -> Result<Outcome, Failure> {
    match try_row(tx, run, draft.clone(), origin).await {
        // Another stream may have loaded the very same row since we looked:
        // its insert has made ours wait, and now the row can be seen.
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
        // Loaded together with their like.
        Draft::Plain(_) => Err(Refusal::internal(&"a plain record was taken for a row").into()),
    }
}

impl Run {
    /// The outcome of a row whose id is known already: to this stream, if it
    /// only checks, or to the database. None if it is new.
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
            (Some(true), Some((_, revision))) if !self.validate_only => {
                Ok(Some(Outcome::Unchanged(id, revision)))
            }
            (Some(true), _) => Ok(Some(Outcome::Valid)),
        }
    }

    /// The record that is compared with a row, and its revision: the one that
    /// is kept, or the row's own if the kept one was loaded from that very row
    /// and was changed since.
    async fn kept_from<R: Clone + Eq>(
        &self,
        tx: &mut Tx,
        (kind, id, row): (&'static str, Uuid, &str),
        record: &R,
        kept: Option<(R, i64)>,
    ) -> Result<Option<(R, i64)>, Failure> {
        match kept {
            Some((kept, revision))
                if kept != *record && store::loaded::is_from(tx, kind, id, row).await? =>
            {
                Ok(Some((record.clone(), revision)))
            }
            kept => Ok(kept),
        }
    }

    /// The outcome of a row that is new and right.
    fn passed(&mut self, id: Uuid, record: &impl Hash) -> Outcome {
        if self.validate_only {
            self.seen.note(id, record);
            Outcome::Valid
        } else {
            Outcome::Imported(id, 1)
        }
    }
}

/// Refuses what another record in the database has already.
fn free(taken: Option<&'static str>, kind: &str) -> Result<(), Refusal> {
    taken.map_or(Ok(()), |field| Err(Refusal::exists(kind, field)))
}
