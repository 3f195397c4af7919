//! Imports rows in batches, one transaction per batch. An invalid row is rejected
//! and the other rows of its batch are imported.

mod plain;
mod rows;
mod seen;

use std::sync::Arc;

use futures::FutureExt as _;
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transaction::Failure};
pub use wangge_record_import::rows::Outcome;
use wangge_record_store::ResolvedReferences;

pub use self::plain::Plain;
use self::seen::Seen;
use super::references::References;
use crate::{
    App,
    domain::{
        address::AddressDraft, appointment::AppointmentDraft, area::AreaDraft, figure::FigureDraft,
        person::PersonDraft, unit::UnitDraft,
    },
    events::Origin,
};

/// A record as sent in a row.
#[derive(Debug, Clone)]
pub enum Draft {
    /// An area, and the digest of its row.
    Area(AreaDraft, String),
    /// An entry of the address book.
    Address(AddressDraft),
    /// A unit, and the digest of its row.
    Unit(UnitDraft, String),
    /// A person who can hold posts.
    Person(PersonDraft),
    /// An appointment, and the digest of its row.
    Appointment(AppointmentDraft, String),
    /// A published figure.
    Figure(FigureDraft),
    /// A plain record, such as an estate or a seat.
    Plain(Plain),
}

/// A row, or the reason why it is invalid.
pub type Row = Result<Draft, Refusal>;

/// State of one import stream.
#[derive(Debug)]
pub struct Run {
    known: ResolvedReferences<References>,
    /// Rows that a dry run has accepted and not written.
    seen: Seen,
    validate_only: bool,
}

impl Run {
    /// Creates the state of a stream whose caller reaches `scope`.
    pub fn new(scope: RecordScope, validate_only: bool) -> Self {
        Self {
            known: ResolvedReferences::new(References::new(scope)),
            seen: Seen::default(),
            validate_only,
        }
    }

    fn references(&self) -> &References {
        self.known.resolver()
    }

    fn references_mut(&mut self) -> &mut References {
        self.known.resolver_mut()
    }
}

/// Imports a batch. Returns one outcome per row, in the order of the rows.
///
/// # Errors
/// `DATABASE_UNAVAILABLE`, and other errors that no single row has caused.
pub async fn import_records(
    app: &App,
    run: Run,
    rows: Vec<Row>,
) -> Result<(Run, Vec<Outcome>), Refusal> {
    let rows: Arc<[Row]> = rows.into();
    let scope = run.references().scope().clone();
    let loads = !run.validate_only;
    let attempt = load(app, run, rows.clone()).await;
    let loaded = match attempt {
        // A concurrent writer conflicts with one of the rows, and the whole batch was
        // rolled back, with everything that its run had cached.
        Err(refusal) if loads && rows.len() > 1 && is_of_rows(&refusal) => {
            load_one_by_one(app, &scope, &rows).await
        }
        other => other,
    };
    // Also after an error: rows before the failed one may have been committed one by one.
    let places = |row: &Row| matches!(row, Ok(Draft::Area(..) | Draft::Address(_)));
    if loads && rows.iter().any(places) {
        app.places.changed();
    }
    loaded
}

/// Imports rows in one transaction, which commits all valid rows or nothing.
async fn load(app: &App, run: Run, rows: Arc<[Row]>) -> Result<(Run, Vec<Outcome>), Refusal> {
    let origin = Origin::import(app.clock.now());
    app.change(move |tx| {
        async move {
            let mut run = run;
            let mut outcomes = Vec::with_capacity(rows.len());
            for chunk in rows.chunk_by(plain::go_together) {
                outcomes.extend(load_chunk(tx, &mut run, chunk, origin).await?);
            }
            Ok((run, outcomes))
        }
        .boxed()
    })
    .await
}

/// Imports plain records of one kind together, and any other row by itself.
async fn load_chunk(
    tx: &mut Tx,
    run: &mut Run,
    chunk: &[Row],
    origin: Origin,
) -> Result<Vec<Outcome>, Failure> {
    let outcome = match chunk {
        [Err(refusal)] => Outcome::Refused(refusal.clone()),
        [Ok(Draft::Plain(_)), ..] => return plain::load(tx, run, chunk, origin.now).await,
        // Rows are refused before they write anything, so that the transaction can go on
        // with the next row.
        [Ok(draft)] => match rows::load_row(tx, run, draft, origin).await {
            Ok(outcome) => outcome,
            Err(Failure::Refused(refusal)) => Outcome::Refused(*refusal),
            Err(failure) => return Err(failure),
        },
        _ => return Ok(Vec::new()),
    };
    Ok(vec![outcome])
}

/// Imports each row in its own transaction.
async fn load_one_by_one(
    app: &App,
    scope: &RecordScope,
    rows: &[Row],
) -> Result<(Run, Vec<Outcome>), Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        // A fresh run for each row: a cache that was filled by a rolled-back row would
        // name records that don't exist.
        let run = Run::new(scope.clone(), false);
        match load(app, run, Arc::from([row.clone()])).await {
            Ok((_, outcome)) => outcomes.extend(outcome),
            Err(refusal) if is_of_rows(&refusal) => outcomes.push(Outcome::Refused(refusal)),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok((Run::new(scope.clone(), false), outcomes))
}

/// Returns true if a batch failed because of its rows or of records that they conflict
/// with, rather than because of a server fault.
fn is_of_rows(refusal: &Refusal) -> bool {
    !matches!(
        refusal.reason,
        Reason::DatabaseUnavailable | Reason::Internal
    )
}
