//! Loads rows of an import: plain records of one kind that stand together, and
//! of the others categories and duties first, since tickets name them; each kind
//! of rows in the order sent.

use std::collections::{HashMap, HashSet};

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::append;
use wangge_pg::{Tx, transact, transaction::Failure};
use wangge_records::{
    Host as _, Known,
    load::{self, Rows as _},
    plain_rows,
};

use super::{
    create_category::guard_platform,
    ground::Copies,
    import_ticket::{PastRow, check, import_tickets, wait_until},
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
    store::{
        category::{
            import_category, import_responsibility, load_category, load_responsibility,
            reference_changed,
        },
        ticket::load_digests,
    },
};

/// A row of an import.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    /// A category.
    Category(Category),
    /// An entry of the duty list.
    Responsibility(Responsibility),
    /// A ticket with its history.
    Ticket(Box<PastRow>),
    /// A plain record.
    Plain(Box<Plain>),
}

plain_rows! {
    /// A plain record as a row brings it.
    Plain {
        /// A chat group.
        ChatGroup,
        /// A message.
        GroupMessage,
        /// A shift of duty.
        DutyShift,
        /// An item.
        LivelihoodItem,
        /// A matter.
        LivelihoodMatter,
        /// A meeting.
        Meeting,
        /// A deliberation.
        Deliberation,
        /// An assignment.
        Assignment,
        /// A patrol.
        Patrol,
        /// A visit.
        FieldVisit,
        /// A note.
        FieldNote,
    }
}

/// A load in progress.
#[derive(Debug)]
pub(crate) struct Import {
    scope: RecordScope,
    importer: String,
    validate_only: bool,
    /// What plain records stand on.
    known: Known<Copies>,
}

impl Import {
    /// A load by an importer who reaches `scope`.
    pub(crate) fn new(
        app: &App,
        scope: RecordScope,
        importer: String,
        validate_only: bool,
    ) -> Self {
        Self {
            known: Known::new(app.ground(scope.clone())),
            scope,
            importer,
            validate_only,
        }
    }
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was loaded: id and revision.
    Imported(Uuid, i64),
    /// It was there already: id and revision.
    Unchanged(Uuid, i64),
    /// It can be loaded.
    Valid,
    /// It can't be.
    Refused(Refusal),
}

/// Loads rows, or only tries them; answers what became of each, in order.
///
/// # Errors
/// When the database can't be reached.
pub(crate) async fn import_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::with_capacity(rows.len());
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| row.and_then(|row| within_reach(&import.scope, row)))
        .collect();
    for chunk in rows.chunk_by(go_together) {
        let chunk = chunk.to_vec();
        outcomes.extend(match chunk.first() {
            Some(Ok(Row::Plain(_))) => {
                let records = chunk.into_iter().filter_map(plain).collect();
                let trial = import.validate_only;
                let loaded = load::commit(app, &mut import.known, records, trial).await?;
                loaded.into_iter().map(Outcome::from).collect()
            }
            _ if import.validate_only => try_records(app, import, chunk).await?,
            _ => import_tickets_and_reference(app, &import.scope, &import.importer, chunk).await?,
        });
    }
    Ok(outcomes)
}

/// Refuses reference data that hold for more than the importer's area, in a trial
/// too.
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

/// Whether two rows are loaded together: plain records of one kind, or neither
/// plain.
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

/// Tries rows other than plain records, behind what was tried before in the same
/// load.
///
/// # Errors
/// When the database can't be reached.
async fn try_records(
    app: &App,
    import: &mut Import,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let ids: Vec<Uuid> = rows
        .iter()
        .filter_map(|row| match row {
            Ok(Row::Ticket(row)) => Some(row.past.report.id),
            _ => None,
        })
        .collect();
    let there = load_digests(&app.database.background_lanes, &ids).await?;
    let there: HashMap<Uuid, Option<String>> = there
        .into_iter()
        .map(|(id, digest, _)| (id, digest))
        .collect();
    let rows: Vec<Result<Row, Refusal>> = rows
        .into_iter()
        .map(|row| match row {
            Ok(Row::Ticket(row)) => {
                check(app, &row, &import.importer)?;
                match there.get(&row.past.report.id) {
                    Some(digest) if digest.as_ref() != Some(&row.digest) => {
                        Err(Refusal::exists("ticket", "id"))
                    }
                    _ => Ok(Row::Ticket(row)),
                }
            }
            other => other,
        })
        .collect();
    let (scope, now) = (import.scope.clone(), app.clock.now());
    let trial = import.known.trial();
    trial
        .attempt(&app.database.calls, CONSTRAINTS, move |tx| {
            async move {
                let mut outcomes = Vec::with_capacity(rows.len());
                for row in rows {
                    let outcome = match row {
                        Ok(Row::Category(category)) => load_one_category(tx, category, now).await?,
                        Ok(Row::Responsibility(entry)) => {
                            load_one_duty(tx, entry, &scope, now).await?
                        }
                        Ok(Row::Ticket(_) | Row::Plain(_)) => Outcome::Valid,
                        Err(refusal) => Outcome::Refused(refusal),
                    };
                    outcomes.push(match outcome {
                        Outcome::Refused(refusal) => Outcome::Refused(refusal),
                        _ => Outcome::Valid,
                    });
                }
                Ok(outcomes)
            }
            .boxed()
        })
        .await
}

/// Loads rows that passed their checks; the others are answered as refused.
///
/// # Errors
/// When the database can't be reached.
async fn import_tickets_and_reference(
    app: &App,
    scope: &RecordScope,
    importer: &str,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Outcome>, Refusal> {
    let tickets: Vec<PastRow> = rows
        .iter()
        .filter_map(|row| match row {
            Ok(Row::Ticket(row)) => Some((**row).clone()),
            _ => None,
        })
        .collect();
    let mut outcomes = import_reference(app, scope, rows).await?;
    if !tickets.is_empty() {
        let loaded = import_tickets(app, scope, importer, &tickets).await?;
        let mut loaded = loaded.into_iter();
        for open in outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            *open = loaded.next();
        }
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// Loads categories and duties; leaves the outcomes of tickets open.
async fn import_reference(
    app: &App,
    scope: &RecordScope,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Option<Outcome>>, Refusal> {
    let now = app.clock.now();
    let scope = scope.clone();
    let rows = check_duties(app, rows).await?;
    let changes = rows
        .iter()
        .any(|row| matches!(row, Ok(Row::Category(_) | Row::Responsibility(_))));
    let outcomes = transact(&app.database.background, CONSTRAINTS, move |tx| {
        async move {
            let mut outcomes = Vec::new();
            for row in rows {
                outcomes.push(match row {
                    Ok(Row::Category(category)) => {
                        Some(load_one_category(tx, category, now).await?)
                    }
                    Ok(Row::Responsibility(entry)) => {
                        Some(load_one_duty(tx, entry, &scope, now).await?)
                    }
                    Ok(Row::Ticket(_) | Row::Plain(_)) => None,
                    Err(refusal) => Some(Outcome::Refused(refusal)),
                });
            }
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

/// Refuses duties that name what is not known, once organization's feed has had
/// time to bring it. Their categories may be part of the same load.
async fn check_duties(
    app: &App,
    rows: Vec<Result<Row, Refusal>>,
) -> Result<Vec<Result<Row, Refusal>>, Refusal> {
    let duties: Vec<&Responsibility> = rows
        .iter()
        .filter_map(|row| match row {
            Ok(Row::Responsibility(entry)) => Some(entry),
            _ => None,
        })
        .collect();
    if duties.is_empty() {
        return Ok(rows);
    }
    wait_until(app, |reference| {
        duties.iter().all(|entry| {
            reference.knows_area(&entry.area_code) && reference.knows_unit(entry.unit_id)
        })
    })
    .await?;
    let reference = app.reference.get().await?;
    let own: HashSet<String> = rows
        .iter()
        .filter_map(|row| match row {
            Ok(Row::Category(category)) => Some(category.code.clone()),
            _ => None,
        })
        .collect();
    let check = |entry: &Responsibility| {
        let code = &entry.category_code;
        if !own.contains(code) && reference.category_limit(code).is_none() {
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
    Ok(rows
        .into_iter()
        .map(|row| match row {
            Ok(Row::Responsibility(entry)) => check(&entry).map(|()| Row::Responsibility(entry)),
            other => other,
        })
        .collect())
}

async fn load_one_category(
    tx: &mut Tx,
    category: Category,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Outcome, Failure> {
    if import_category(tx, &category).await? {
        append(tx, &events::category_changed(&category, true, now)).await?;
        return Ok(Outcome::Imported(category.id, category.revision));
    }
    let there = load_category(tx, category.id).await?;
    Ok(match there {
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
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Outcome, Failure> {
    if import_responsibility(tx, &entry).await? {
        append(tx, &events::responsibility_changed(&entry, true, now)).await?;
        return Ok(Outcome::Imported(entry.id, entry.revision));
    }
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
