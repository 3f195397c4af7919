//! Loads rows of an import: categories and duties first, since tickets name
//! them, each kind of rows in the order sent.

use std::collections::HashSet;

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::append;
use wangge_pg::{Tx, transact, transaction::Failure};

use super::import_ticket::{PastRow, check, import_tickets, wait_until};
use crate::{
    App,
    domain::category::{Category, Responsibility},
    error::CONSTRAINTS,
    events,
    store::category::{
        import_category, import_responsibility, load_category, load_responsibility,
        reference_changed,
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

/// Checks rows and looks nothing up.
pub(crate) fn check_records(
    app: &App,
    importer: &str,
    rows: Vec<Result<Row, Refusal>>,
) -> Vec<Outcome> {
    rows.into_iter()
        .map(|row| match row {
            Ok(Row::Ticket(row)) => match check(app, &row, importer) {
                Ok(()) => Outcome::Valid,
                Err(refusal) => Outcome::Refused(refusal),
            },
            Ok(_) => Outcome::Valid,
            Err(refusal) => Outcome::Refused(refusal),
        })
        .collect()
}

/// Loads rows that passed their checks; the others are answered as refused.
///
/// # Errors
/// When the database can't be reached.
pub(crate) async fn import_records(
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
                    Ok(Row::Ticket(_)) => None,
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
    if !scope.covers(&entry.area_code) {
        return Ok(Outcome::Refused(Refusal::unknown_reference(
            "area_code",
            "area",
        )));
    }
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
