//! Loads rows that were made elsewhere: a batch at a time, each batch in one
//! transaction. A bad row is refused and its neighbours are loaded.

mod plain;
mod rows;
mod seen;

use std::sync::Arc;

use futures::FutureExt as _;
use wangge_api::refusal::{Reason, Refusal};
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transaction::Failure};
pub use wangge_resource_import::rows::Outcome;
use wangge_resource_store::Known;

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

/// A record as a row brings it.
#[derive(Debug, Clone)]
pub enum Draft {
    /// An area, and the digest of its row.
    Area(AreaDraft, String),
    /// An entry of the address book.
    Address(AddressDraft),
    /// A unit, and the digest of its row.
    Unit(UnitDraft, String),
    /// A person.
    Person(PersonDraft),
    /// An appointment, and the digest of its row.
    Appointment(AppointmentDraft, String),
    /// A published figure.
    Figure(FigureDraft),
    /// A plain record.
    Plain(Plain),
}

/// A row, or why it can't be read.
pub type Row = Result<Draft, Refusal>;

/// One stream of rows.
#[derive(Debug)]
pub struct Run {
    known: Known<References>,
    /// Rows that were checked and not loaded.
    seen: Seen,
    validate_only: bool,
}

impl Run {
    /// A stream of somebody who reaches `scope`.
    pub fn new(scope: RecordScope, validate_only: bool) -> Self {
        Self {
            known: Known::new(References::new(scope)),
            seen: Seen::default(),
            validate_only,
        }
    }

    fn references(&self) -> &References {
        self.known.ground()
    }

    fn references_mut(&mut self) -> &mut References {
        self.known.ground_mut()
    }
}

/// Loads a batch; answers an outcome for each row, in their order.
///
/// # Errors
/// `DATABASE_UNAVAILABLE` and other faults that no row has.
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
        // Somebody else came in between. What was remembered of the batch went
        // with it.
        Err(refusal) if loads && rows.len() > 1 && is_of_rows(&refusal) => {
            load_one_by_one(app, &scope, &rows).await
        }
        other => other,
    };
    let places = |row: &Row| matches!(row, Ok(Draft::Area(..) | Draft::Address(_)));
    if loads && rows.iter().any(places) {
        app.places.changed();
    }
    loaded
}

/// Loads rows in one transaction: all that are right, or none.
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

/// Loads plain records of one kind together, and any other row for itself.
async fn load_chunk(
    tx: &mut Tx,
    run: &mut Run,
    chunk: &[Row],
    origin: Origin,
) -> Result<Vec<Outcome>, Failure> {
    let outcome = match chunk {
        [Err(refusal)] => Outcome::Refused(refusal.clone()),
        [Ok(Draft::Plain(_)), ..] => return plain::load(tx, run, chunk, origin.now).await,
        // A refusal comes before the row has written anything.
        [Ok(draft)] => match rows::load_row(tx, run, draft, origin).await {
            Ok(outcome) => outcome,
            Err(Failure::Refused(refusal)) => Outcome::Refused(*refusal),
            Err(failure) => return Err(failure),
        },
        _ => return Ok(Vec::new()),
    };
    Ok(vec![outcome])
}

/// Loads each row in a transaction of its own.
async fn load_one_by_one(
    app: &App,
    scope: &RecordScope,
    rows: &[Row],
) -> Result<(Run, Vec<Outcome>), Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let run = Run::new(scope.clone(), false);
        match load(app, run, Arc::from([row.clone()])).await {
            Ok((_, outcome)) => outcomes.extend(outcome),
            Err(refusal) if is_of_rows(&refusal) => outcomes.push(Outcome::Refused(refusal)),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok((Run::new(scope.clone(), false), outcomes))
}

/// Whether a batch failed for what its rows say or meet, rather than for a
/// fault of ours.
fn is_of_rows(refusal: &Refusal) -> bool {
    !matches!(
        refusal.reason,
        Reason::DatabaseUnavailable | Reason::Internal
    )
}
