//! Imports rows in batches of neighbours: plain records of one kind, or any others. Of
//! the others, categories and duty list entries are written first, since tickets
//! reference them; within a kind, rows are written in the order sent.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::append;
use wangge_pg::{Tx, transact, transaction::Failure};
use wangge_record::ResolvedReference;
use wangge_record_import::{
    import_rows,
    rows::{self, Rows as _},
};
use wangge_record_store::{Claims, RecordContext as _, ResolvedReferences};

use super::{
    context::Copies,
    create_category::guard_platform,
    import_ticket::{Importer, PastRow, Tried, import_tickets, try_tickets, wait_until},
};
use crate::{
    App,
    domain::{
        assignment::Assignment,
        category::{Category, Responsibility},
        chat_group::ChatGroup,
        deliberation::Deliberation,
        duty_shift::DutyShift,
        field_note::FieldNote,
        field_visit::FieldVisit,
        group_message::GroupMessage,
        livelihood_item::LivelihoodItem,
        livelihood_matter::LivelihoodMatter,
        meeting::Meeting,
        patrol::Patrol,
    },
    error::CONSTRAINTS,
    events,
    reference::{ClaimedPlace, Reference},
    store::category::{
        import_category, import_responsibility, load_category, load_responsibility,
        reference_changed,
    },
};

/// A row of an import.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    /// A category to import.
    Category(Category),
    /// A duty list entry to import.
    Responsibility(Responsibility),
    /// A ticket to import, with its history.
    Ticket(Box<PastRow>),
    /// A plain record to import, of any kind.
    Plain(Box<Plain>),
}

import_rows! {
    /// A plain record to import.
    Plain {
        ChatGroup,
        GroupMessage,
        DutyShift,
        LivelihoodItem,
        LivelihoodMatter,
        Meeting,
        Deliberation,
        Assignment,
        Patrol,
        FieldVisit,
        FieldNote,
    }
}

/// State of one import stream, kept between its batches.
#[derive(Debug)]
pub(crate) struct Import {
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
pub(crate) struct Dataset {
    /// Kinds and validity of the areas and units.
    pub claims: Claims,
    /// Names and boundaries of the areas, for locating tickets.
    pub places: Vec<ClaimedPlace>,
}

impl Import {
    /// Creates an import that writes rows.
    pub(crate) fn load(app: &App, importer: Importer) -> Self {
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
    pub(crate) async fn trial(
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

/// Outcome of a row.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The record was created, with this id and revision.
    Imported(Uuid, i64),
    /// The record exists already, with this id and revision; nothing was written.
    Unchanged(Uuid, i64),
    /// The row passed every check of a dry run.
    Valid,
    /// The row was rejected; nothing of it was written.
    Refused(Refusal),
}

/// Imports rows, or only validates them in a dry run. Returns one outcome per row, in
/// order.
///
/// # Errors
/// Returns an error if the database can't be reached. Earlier batches may have been
/// committed; a retry returns their rows as unchanged.
pub(crate) async fn import_records(
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
    for chunk in rows.chunk_by(go_together) {
        let chunk = chunk.to_vec();
        outcomes.extend(match chunk.first() {
            Some(Ok(Row::Plain(_))) => {
                let records = chunk.into_iter().filter_map(plain).collect();
                let trial = import.tried.is_some();
                let loaded = rows::commit(app, &mut import.known, records, trial).await?;
                loaded.into_iter().map(Outcome::from).collect()
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
        Ok(Row::Plain(record)) => Some(*record),
        _ => None,
    }
}

/// Returns true if two rows belong to one batch: both are plain records of one kind, or
/// neither is plain.
fn go_together(one: &Result<Row, Refusal>, other: &Result<Row, Refusal>) -> bool {
    match (one, other) {
        (Ok(Row::Plain(one)), Ok(Row::Plain(other))) => one.is_like(other),
        (Ok(Row::Plain(_)), _) | (_, Ok(Row::Plain(_))) => false,
        _ => true,
    }
}

impl From<rows::Outcome> for Outcome {
    fn from(outcome: rows::Outcome) -> Self {
        match outcome {
            rows::Outcome::Imported(id, revision) => Self::Imported(id, revision),
            rows::Outcome::Unchanged(id, revision) => Self::Unchanged(id, revision),
            rows::Outcome::Valid => Self::Valid,
            rows::Outcome::Refused(refusal) => Self::Refused(refusal),
        }
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
fn category_code(row: &Result<Row, Refusal>) -> Option<String> {
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

/// Imports categories and duty list entries in one transaction. The outcomes of tickets
/// are `None`.
async fn import_reference(
    app: &App,
    scope: &RecordScope,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Option<Outcome>>, Refusal> {
    let now = app.clock.now();
    let scope = scope.clone();
    let rows = if duties(&rows).next().is_some() {
        // Before the transaction begins, since the wait may take many seconds.
        wait_for_duties(app, &rows).await?;
        check_duties(&*app.reference.get().await?, &HashSet::new(), rows)
    } else {
        rows
    };
    let changes = rows
        .iter()
        .any(|row| matches!(row, Ok(Row::Category(_) | Row::Responsibility(_))));
    let outcomes = transact(&app.database.background, CONSTRAINTS, move |tx| {
        async move {
            let outcomes = load_reference_rows(tx, rows, &scope, now).await?;
            // Last, since it locks the only row of the version until the commit: every
            // other writer of reference data waits for it.
            if changes {
                reference_changed(tx).await?;
            }
            Ok(outcomes)
        }
        .boxed()
    })
    .await?;
    if changes {
        app.notifier.notify();
        app.reference.refresh().await?;
    }
    Ok(outcomes)
}

/// Imports categories and duty list entries in an open transaction. The outcomes of
/// tickets are `None`.
async fn load_reference_rows(
    tx: &mut Tx,
    rows: Vec<Result<Row, Refusal>>,
    scope: &RecordScope,
    now: DateTime<Utc>,
) -> Result<Vec<Option<Outcome>>, Failure> {
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        outcomes.push(match row {
            Ok(Row::Category(category)) => Some(load_one_category(tx, category, now).await?),
            Ok(Row::Responsibility(entry)) => Some(load_one_duty(tx, entry, scope, now).await?),
            Ok(Row::Ticket(_) | Row::Plain(_)) => None,
            Err(refusal) => Some(Outcome::Refused(refusal)),
        });
    }
    Ok(outcomes)
}

/// Returns the valid rows that are duty list entries.
fn duties(rows: &[Result<Row, Refusal>]) -> impl Iterator<Item = &Responsibility> {
    rows.iter().filter_map(|row| match row {
        Ok(Row::Responsibility(entry)) => Some(entry),
        _ => None,
    })
}

/// Waits until organization's feed has delivered the areas and units that duty list
/// entries reference, or until a timeout.
async fn wait_for_duties(app: &App, rows: &[Result<Row, Refusal>]) -> Result<(), Refusal> {
    let duties: Vec<&Responsibility> = duties(rows).collect();
    wait_until(app, |reference| {
        duties.iter().all(|entry| {
            reference.knows_area(&entry.area_code) && reference.knows_unit(entry.unit_id)
        })
    })
    .await
    .map(drop)
}

/// Rejects duty list entries with unknown references. Their categories may be among the
/// same rows, or among `categories` of earlier rows of a dry run.
fn check_duties(
    reference: &Reference,
    categories: &HashSet<String>,
    rows: Vec<Result<Row, Refusal>>,
) -> Vec<Result<Row, Refusal>> {
    let own: HashSet<String> = rows.iter().filter_map(category_code).collect();
    let check = |entry: &Responsibility| {
        let code = &entry.category_code;
        let is_new = own.contains(code) || categories.contains(code);
        if !is_new && reference.category_limit(code).is_none() {
            return Err(Refusal::unknown_reference("category_code", "category"));
        }
        if !reference.knows_area(&entry.area_code) {
            return Err(Refusal::unknown_reference("area_code", "area"));
        }
        if !reference.knows_unit(entry.unit_id) {
            return Err(Refusal::unknown_reference("unit_id", "unit"));
        }
        Ok(())
    };
    rows.into_iter()
        .map(|row| match row {
            Ok(Row::Responsibility(entry)) => check(&entry).map(|()| Row::Responsibility(entry)),
            other => other,
        })
        .collect()
}

async fn load_one_category(
    tx: &mut Tx,
    category: Category,
    now: DateTime<Utc>,
) -> Result<Outcome, Failure> {
    if import_category(tx, &category).await? {
        append(tx, &events::category_changed(&category, true, now)).await?;
        return Ok(Outcome::Imported(category.id, category.revision));
    }
    // `on conflict do nothing` has skipped the insert because of the id or the code. No
    // record with the id means that another one has the code.
    let there = load_category(tx, category.id).await?;
    Ok(match there {
        // Compared without the revision, which a row can't set.
        Some(there)
            if Category {
                revision: category.revision,
                ..there.clone()
            } == category =>
        {
            Outcome::Unchanged(there.id, there.revision)
        }
        Some(_) => Outcome::Refused(Refusal::exists("category", "id")),
        None => Outcome::Refused(Refusal::exists("category", "code")),
    })
}

async fn load_one_duty(
    tx: &mut Tx,
    entry: Responsibility,
    scope: &RecordScope,
    now: DateTime<Utc>,
) -> Result<Outcome, Failure> {
    if import_responsibility(tx, &entry).await? {
        append(tx, &events::responsibility_changed(&entry, true, now)).await?;
        return Ok(Outcome::Imported(entry.id, entry.revision));
    }
    let there = load_responsibility(tx, entry.id, scope).await?;
    Ok(match there {
        // Compared without the revision, which a row can't set.
        Some(there)
            if Responsibility {
                revision: entry.revision,
                ..there.clone()
            } == entry =>
        {
            Outcome::Unchanged(there.id, there.revision)
        }
        Some(_) => Outcome::Refused(Refusal::exists("responsibility", "id")),
        None => Outcome::Refused(Refusal::exists("responsibility", "area_code")),
    })
}
