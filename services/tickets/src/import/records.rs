//! Imports rows in batches of neighbours: plain records, or any others. Of
//! the others, categories and duty list entries are written first, since tickets
//! reference them; within a kind, rows are written in the order sent.

use std::sync::Arc;

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_record::ResolvedReference;
use wangge_record_import::{Outcome, rows::load_rows};
use wangge_record_store::{Claims, RecordContext as _, ResolvedReferences};

use super::{
    Plain, Row,
    reference_rows::{check_duties, import_reference, load_reference_rows},
    tickets::{
        Importer, PastRow,
        dry_run::{Tried, try_tickets},
        import_tickets,
    },
};
use crate::{
    App,
    commands::{context::Copies, create_category::guard_platform},
    error::CONSTRAINTS,
    reference::ClaimedPlace,
};

/// State of one import stream, kept between its batches.
#[derive(Debug)]
pub(super) struct Import {
    importer: Importer,
    /// State of the dry run; `None` if rows are imported.
    tried: Option<Tried>,
    /// True while grids of tickets without an area may still be delivered.
    waits: bool,
    /// Resolved references of plain records.
    known: ResolvedReferences<Copies>,
}

/// Areas and units of a data set that may not be on the platform yet.
#[derive(Debug)]
pub(super) struct Dataset {
    /// Kinds and validity of the areas and units.
    pub claims: Claims,
    /// Names and boundaries of the areas, for locating tickets.
    pub places: Vec<ClaimedPlace>,
}

impl Import {
    /// Creates an import that writes rows.
    pub(super) fn load(app: &App, importer: Importer) -> Self {
        Self {
            known: ResolvedReferences::new(app.resolver(importer.scope.clone())),
            importer,
            tried: None,
            waits: true,
        }
    }

    /// Creates a dry run. References are checked against existing records and the data
    /// set. Without a data set, references to areas, units, categories and tickets aren't
    /// checked, since these may be part of the same import.
    ///
    /// # Errors
    /// Returns an error if the database can't be reached.
    pub(super) async fn trial(
        app: &App,
        importer: Importer,
        dataset: Option<Dataset>,
    ) -> Result<Self, Refusal> {
        let mut import = Self::load(app, importer);
        let mut tried = Tried::default();
        if let Some(Dataset { claims, places }) = dataset {
            let scope = &import.importer.scope;
            tried.reference = Some(app.reference.claiming(&claims, places, scope).await?);
            import.known.claim(Arc::new(claims));
        }
        import.tried = Some(tried);
        Ok(import)
    }
}

/// Imports rows, or only validates them in a dry run. Returns one outcome per row, in
/// order.
///
/// # Errors
/// Returns an error if the database can't be reached. Earlier batches may have been
/// committed; a retry returns their rows as unchanged.
pub(super) async fn import_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| row.and_then(|row| within_reach(&import.importer.scope, row)))
        .collect();
    // Neighbours only, never sorted by kind: a row may reference any earlier row.
    let is_plain = |row: &Result<Row, Refusal>| matches!(row, Ok(Row::Plain(_)));
    for chunk in rows.chunk_by(|one, other| is_plain(one) == is_plain(other)) {
        let chunk = chunk.to_vec();
        outcomes.extend(match chunk.first() {
            Some(Ok(Row::Plain(_))) => {
                let records: Vec<_> = chunk.into_iter().filter_map(plain).map(Ok).collect();
                let trial = import.tried.is_some();
                load_rows(app, &mut import.known, &records, trial).await?
            }
            _ if import.tried.is_some() => try_records(app, import, chunk).await?,
            _ => import_tickets_and_reference(app, import, chunk).await?,
        });
    }
    Ok(outcomes)
}

/// Rejects reference data that apply outside the importer's scope, in a dry run as well.
fn within_reach(scope: &RecordScope, row: Row) -> Result<Row, Refusal> {
    match &row {
        Row::Category(_) => guard_platform(scope.covers(""), "code")?,
        Row::Responsibility(entry) if !scope.covers(&entry.area_code) => {
            return Err(Refusal::unknown_reference("area_code", "area"));
        }
        _ => {}
    }
    Ok(row)
}

fn plain(row: Result<Row, Refusal>) -> Option<Plain> {
    match row {
        Ok(Row::Plain(record)) => Some(record),
        _ => None,
    }
}

/// Validates rows other than plain records, after the earlier rows of the dry run.
///
/// # Errors
/// Returns an error if the database can't be reached.
async fn try_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let Import {
        importer,
        tried,
        known,
        ..
    } = import;
    let tried = tried.get_or_insert_default();
    let rows = match &tried.reference {
        Some(reference) => check_duties(reference, &tried.categories, rows),
        None => rows,
    };
    let tickets = tickets(&rows);
    let categories: Vec<Option<String>> = rows.iter().map(category_code).collect();
    let (scope, now) = (importer.scope.clone(), app.clock.now());
    // Written in the dry run's transaction, which is rolled back at the end of the
    // stream: later rows see these, and duplicates are rejected as in an import.
    let outcomes = known
        .trial()
        .attempt(&app.database.calls, CONSTRAINTS, move |tx| {
            async move { load_reference_rows(tx, rows, &scope, now).await }.boxed()
        })
        .await?;
    for (outcome, code) in outcomes.iter().zip(categories) {
        if !matches!(outcome, Some(Outcome::Refused(_))) {
            tried.categories.extend(code);
        }
    }
    let ids: Vec<Uuid> = tickets.iter().map(|row| row.past.report.id).collect();
    let mut loaded = Vec::with_capacity(tickets.len());
    for (id, outcome) in ids
        .into_iter()
        .zip(try_tickets(app, importer, tried, &tickets).await?)
    {
        // Tickets aren't written in a dry run. Plain records that reference this one
        // find it here.
        if let Ok(Some(area_code)) = &outcome {
            known.insert("ticket", id, ResolvedReference::plain(area_code.clone()));
        }
        loaded.push(outcome.map_or_else(Outcome::Refused, |_| Outcome::Valid));
    }
    Ok(filled(outcomes, loaded)
        .map(|outcome| match outcome {
            Outcome::Refused(refusal) => Outcome::Refused(refusal),
            _ => Outcome::Valid,
        })
        .collect())
}

/// Imports the rows that passed their checks and returns the others as rejected.
///
/// # Errors
/// Returns an error if the database can't be reached.
async fn import_tickets_and_reference(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let tickets = tickets(&rows);
    // Committed before the tickets, which may reference these categories.
    let outcomes = import_reference(app, &import.importer.scope, rows).await?;
    let loaded = if tickets.is_empty() {
        Vec::new()
    } else {
        import_tickets(app, &import.importer, &mut import.waits, &tickets).await?
    };
    Ok(filled(outcomes, loaded).collect())
}

/// Returns the valid rows that are tickets.
fn tickets(rows: &[Result<Row, Refusal>]) -> Vec<PastRow> {
    let ticket = |row: &Result<Row, Refusal>| match row {
        Ok(Row::Ticket(row)) => Some((**row).clone()),
        _ => None,
    };
    rows.iter().filter_map(ticket).collect()
}

/// Returns the code of a valid row that is a category.
pub(super) fn category_code(row: &Result<Row, Refusal>) -> Option<String> {
    match row {
        Ok(Row::Category(category)) => Some(category.code.clone()),
        _ => None,
    }
}

/// Merges outcomes: each `None` is replaced by the next ticket's outcome.
fn filled(outcomes: Vec<Option<Outcome>>, tickets: Vec<Outcome>) -> impl Iterator<Item = Outcome> {
    let mut tickets = tickets.into_iter();
    outcomes
        .into_iter()
        .filter_map(move |outcome| outcome.or_else(|| tickets.next()))
}
