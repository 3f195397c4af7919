//! Imports rows. Consecutive plain records of one kind form a batch; among the other
//! rows, categories and duties come first, since tickets refer to them. Each kind of
//! rows keeps the order in which it was sent.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::append;
use wangge_pg::{Tx, transact, transaction::Failure};
use wangge_records::{
    Claims, Found, Host as _, Known,
    load::{self, Rows as _},
    plain_rows,
};

use super::{
    create_category::guard_platform,
    ground::Copies,
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
    /// A category, with its limit.
    Category(Category),
    /// An entry of the duty list.
    Responsibility(Responsibility),
    /// A ticket with its history.
    Ticket(Box<PastRow>),
    /// A plain record of any kind.
    Plain(Box<Plain>),
}

plain_rows! {
    /// A plain record of an import row.
    Plain {
        /// A residents' chat group.
        ChatGroup,
        /// A message in a chat group.
        GroupMessage,
        /// A shift of the duty roster.
        DutyShift,
        /// An item of the livelihood catalogue.
        LivelihoodItem,
        /// An application for a livelihood item.
        LivelihoodMatter,
        /// A meeting with its attendance.
        Meeting,
        /// A deliberation with its steps.
        Deliberation,
        /// An assignment of a deliberation.
        Assignment,
        /// A patrol of a grid.
        Patrol,
        /// A visit to a resident.
        FieldVisit,
        /// A grid worker's note.
        FieldNote,
    }
}

/// An import in progress.
#[derive(Debug)]
pub(crate) struct Import {
    importer: Importer,
    /// State of the dry run; none if rows are imported.
    tried: Option<Tried>,
    /// True while areas of unplaced tickets may still arrive through the feed.
    waits: bool,
    /// Resolves the references of plain records.
    known: Known<Copies>,
}

/// Areas and units that a data set claims and that the service may not know yet.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// The claimed areas and units, with the days on which they exist.
    pub claims: Claims,
    /// The claimed areas, with names and boundaries.
    pub places: Vec<ClaimedPlace>,
}

impl Import {
    /// Creates an import that writes its rows.
    pub(crate) fn load(app: &App, importer: Importer) -> Self {
        Self {
            known: Known::new(app.ground(importer.scope.clone())),
            importer,
            tried: None,
            waits: true,
        }
    }

    /// Creates a dry run, which validates rows against the database and the claims of the
    /// data set. Without a data set, the records that rows refer to are assumed to exist.
    ///
    /// # Errors
    /// Returns an error if the database is unavailable.
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

/// The result of one row.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Imported, with id and revision.
    Imported(Uuid, i64),
    /// Unchanged, since the same row was imported before: id and revision.
    Unchanged(Uuid, i64),
    /// Valid: the dry run found no fault.
    Valid,
    /// Rejected, with the reason.
    Refused(Refusal),
}

/// Imports rows, or validates them in a dry run. Returns one outcome per row, in order.
///
/// # Errors
/// Returns an error if the database is unavailable.
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
    // Only neighbouring rows form a batch: a row may refer to any row sent before it, so
    // kinds must not overtake one another.
    for chunk in rows.chunk_by(go_together) {
        let chunk = chunk.to_vec();
        outcomes.extend(match chunk.first() {
            Some(Ok(Row::Plain(_))) => {
                let records = chunk.into_iter().filter_map(plain).collect();
                let trial = import.tried.is_some();
                let loaded = load::commit(app, &mut import.known, records, trial).await?;
                loaded.into_iter().map(Outcome::from).collect()
            }
            _ if import.tried.is_some() => try_records(app, import, chunk).await?,
            _ => import_tickets_and_reference(app, import, chunk).await?,
        });
    }
    Ok(outcomes)
}

/// Rejects reference data that apply beyond the importer's area, in a dry run too.
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

/// Returns true if two rows belong to one batch: plain records of one kind, or neither
/// of them plain.
fn go_together(one: &Result<Row, Refusal>, other: &Result<Row, Refusal>) -> bool {
    match (one, other) {
        (Ok(Row::Plain(one)), Ok(Row::Plain(other))) => one.is_like(other),
        (Ok(Row::Plain(_)), _) | (_, Ok(Row::Plain(_))) => false,
        _ => true,
    }
}

impl From<load::Outcome> for Outcome {
    fn from(outcome: load::Outcome) -> Self {
        match outcome {
            load::Outcome::Imported(id, revision) => Self::Imported(id, revision),
            load::Outcome::Unchanged(id, revision) => Self::Unchanged(id, revision),
            load::Outcome::Valid => Self::Valid,
            load::Outcome::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Validates rows other than plain records, against the database and the rows that
/// were validated before in the same import.
///
/// # Errors
/// Returns an error if the database is unavailable.
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
    // Written inside the transaction of the dry run, which is never committed: later rows
    // see these, and the schema checks uniqueness.
    let outcomes = known
        .trial()
        .attempt(&app.database.calls, CONSTRAINTS, move |tx| {
            async move { load_reference_rows(tx, rows, &scope, now).await }.boxed()
        })
        .await?;
    for (outcome, code) in outcomes.iter().zip(categories) {
        // Refused categories don't count, so duties and tickets that name one are reported
        // as well.
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
        // Tickets aren't written in a dry run. Plain records that follow may refer to them.
        if let Ok(Some(area_code)) = &outcome {
            known.learn("ticket", id, Found::plain(area_code.clone()));
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

/// Imports rows that passed their checks; returns the others as refused.
///
/// # Errors
/// Returns an error if the database is unavailable.
async fn import_tickets_and_reference(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let tickets = tickets(&rows);
    // Committed first: the snapshot that tickets are checked against must contain their
    // categories.
    let outcomes = import_reference(app, &import.importer.scope, rows).await?;
    let loaded = if tickets.is_empty() {
        Vec::new()
    } else {
        import_tickets(app, &import.importer, &mut import.waits, &tickets).await?
    };
    Ok(filled(outcomes, loaded).collect())
}

/// Returns the tickets among rows.
fn tickets(rows: &[Result<Row, Refusal>]) -> Vec<PastRow> {
    let ticket = |row: &Result<Row, Refusal>| match row {
        Ok(Row::Ticket(row)) => Some((**row).clone()),
        _ => None,
    };
    rows.iter().filter_map(ticket).collect()
}

/// Returns the code of a row that is a category.
fn category_code(row: &Result<Row, Refusal>) -> Option<String> {
    match row {
        Ok(Row::Category(category)) => Some(category.code.clone()),
        _ => None,
    }
}

/// Fills the outcomes of tickets into the places that were left open.
fn filled(outcomes: Vec<Option<Outcome>>, tickets: Vec<Outcome>) -> impl Iterator<Item = Outcome> {
    let mut tickets = tickets.into_iter();
    outcomes
        .into_iter()
        .filter_map(move |outcome| outcome.or_else(|| tickets.next()))
}

/// Imports categories and duties; leaves the outcomes of tickets open.
async fn import_reference(
    app: &App,
    scope: &RecordScope,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Option<Outcome>>, Refusal> {
    let now = app.clock.now();
    let scope = scope.clone();
    let rows = if duties(&rows).next().is_some() {
        // An import of organization's records usually precedes this one, so the feed may not
        // have delivered them yet.
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
            // Bumped once per batch: each bump makes every replica re-read all reference data.
            if changes {
                reference_changed(tx).await?;
            }
            Ok(outcomes)
        }
        .boxed()
    })
    .await?;
    if changes {
        app.hint.committed();
        app.reference.refresh().await?;
    }
    Ok(outcomes)
}

/// Imports categories and duties in an open transaction; leaves the outcomes of tickets
/// open.
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

/// Returns the entries of the duty list among rows.
fn duties(rows: &[Result<Row, Refusal>]) -> impl Iterator<Item = &Responsibility> {
    rows.iter().filter_map(|row| match row {
        Ok(Row::Responsibility(entry)) => Some(entry),
        _ => None,
    })
}

/// Waits until organization's feed has delivered the areas and units that duties name.
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

/// Rejects duties with unknown references. Their categories may be among the same rows,
/// or in `categories`, those that the dry run has validated.
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
    // The row exists. A repeated import of the same row is unchanged and not an error, so
    // that an interrupted import can be run again.
    let there = load_category(tx, category.id).await?;
    Ok(match there {
        Some(there)
            // Compared without revisions: that of a row is always 1.
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
    // The insert does nothing on any conflict, so the id decides: the same row, another
    // entry with this id, or this category and area under another id.
    let there = load_responsibility(tx, entry.id, scope).await?;
    Ok(match there {
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
