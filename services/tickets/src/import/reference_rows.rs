//! Imports rows of reference data: categories and entries of the duty list.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::append;
use wangge_pg::{Tx, transact, transaction::Failure};

use wangge_record_import::Outcome;

use super::{Row, records::category_code, tickets::wait::wait_until};
use crate::{
    App,
    domain::category::{Category, Responsibility},
    error::CONSTRAINTS,
    events,
    reference::Reference,
    store::category::{
        import_category, import_responsibility, load_category, load_responsibility,
        reference_changed,
    },
};

/// Imports categories and duty list entries in one transaction. The outcomes of tickets
/// are `None`.
pub(super) async fn import_reference(
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
pub(super) async fn load_reference_rows(
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
pub(super) fn duties(rows: &[Result<Row, Refusal>]) -> impl Iterator<Item = &Responsibility> {
    rows.iter().filter_map(|row| match row {
        Ok(Row::Responsibility(entry)) => Some(entry),
        _ => None,
    })
}

/// Waits until organization's feed has delivered the areas and units that duty list
/// entries reference, or until a timeout.
pub(super) async fn wait_for_duties(
    app: &App,
    rows: &[Result<Row, Refusal>],
) -> Result<(), Refusal> {
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
pub(super) fn check_duties(
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
        // Compared without what a row can't set.
        Some(there)
            if Category {
                created_time: category.created_time,
                changed_time: category.changed_time,
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
        // Compared without what a row can't set.
        Some(there)
            if Responsibility {
                created_time: entry.created_time,
                changed_time: entry.changed_time,
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
