//! The case table: each computed figure next to the published one.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use wangge_api::{
    date::{optional, timestamp, to_wire},
    organization::v1 as organization,
    refusal::Refusal,
    reporting::v1 as wire,
};
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transact, transaction::Failure};

use super::{area, freshness, period, question};
use crate::{
    App,
    case::{Comparison, Question, Row},
    figures::FIGURES,
    queries::{
        figures::{Span, count},
        published::list_published,
        snapshot,
    },
    store::published::PublishedFigure,
};

/// The lines of a case table, with the time at which they were computed.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub lines: Vec<wire::CaseLine>,
    pub computed_time: DateTime<Utc>,
}

pub(super) async fn get(
    app: &App,
    message: &wire::GetCaseTableRequest,
    scope: &RecordScope,
) -> Result<wire::CaseTable, Refusal> {
    let asked = optional(message.as_of_date.as_ref(), "as_of_date")?;
    let question = question(app, asked, period(message.period())?);
    freshness::wait_for(app, &message.at_least).await?;
    let area_scope = area(app, &message.area_code, scope).await?;
    let table = compute(app, &message.area_code, &area_scope, question).await?;
    Ok(wire::CaseTable {
        area_code: message.area_code.clone(),
        lines: table.lines,
        computed_time: Some(timestamp(table.computed_time)),
    })
}

/// Computes the table of an area from one snapshot. The number of concurrent computations is
/// limited, so that calls find free connections.
pub(super) async fn compute(
    app: &App,
    area_code: &str,
    scope: &RecordScope,
    question: Question,
) -> Result<Table, Refusal> {
    let permit = Arc::clone(&app.tables).acquire_owned().await;
    let permit = permit.map_err(|error| Refusal::internal(&error))?;
    // Before the snapshot is taken: the table contains everything that was applied by then.
    let computed_time = app.clock.now();
    let (area_code, scope) = (area_code.to_owned(), scope.clone());
    let lines = transact(&app.database.calls, &[], move |tx| {
        async move {
            // Moved into the transaction, which outlives a caller that hangs up, so that the
            // limit counts the connections that are really in use.
            let _permit = permit;
            lines(tx, &area_code, &scope, question).await
        }
        .boxed()
    })
    .await?;
    Ok(Table {
        lines,
        computed_time,
    })
}

async fn lines(
    tx: &mut Tx,
    area_code: &str,
    scope: &RecordScope,
    question: Question,
) -> Result<Vec<wire::CaseLine>, Failure> {
    // All figures are read from one snapshot. Otherwise an event that is applied in between
    // would be counted by some of them only.
    snapshot::begin(tx).await?;
    let published = list_published(&mut *tx, area_code, question.as_of).await?;
    let rows = FIGURES
        .iter()
        .flat_map(|figure| question.rows(figure, &published));
    let mut lines = Vec::new();
    for row in rows {
        let span = Span::of(row.period, row.as_of);
        let counted = count(tx, row.figure, scope, span).await?;
        lines.push(line(&row, counted.figure));
    }
    Ok(lines)
}

fn line(row: &Row, value: i64) -> wire::CaseLine {
    let figure = row.figure;
    let comparison = match row.compare(value) {
        Comparison::Nothing => wire::CaseComparison::Unspecified,
        Comparison::Met => wire::CaseComparison::Met,
        Comparison::Missed => wire::CaseComparison::Missed,
    };
    wire::CaseLine {
        mechanism: figure.mechanism.to_owned(),
        figure_key: figure.key.to_owned(),
        title_zh: figure.title_zh.to_owned(),
        title_en: figure.title_en.to_owned(),
        counted: figure.counted.to_owned(),
        definition: figure.definition.to_owned(),
        definition_version: figure.version,
        period: row.period as i32,
        as_of_date: Some(to_wire(row.as_of)),
        computed_value: value,
        comparison: comparison.into(),
        published: row.published.as_ref().map(message),
    }
}

fn message(figure: &PublishedFigure) -> organization::PublishedFigure {
    organization::PublishedFigure {
        id: figure.id.to_string(),
        area_code: figure.area_code.clone(),
        figure_key: figure.figure_key.clone(),
        value: figure.value,
        bound: figure.bound.into(),
        period: figure.period.into(),
        as_of_date: Some(to_wire(figure.as_of_date)),
        revision: figure.revision,
        // Known to organization only.
        etag: String::new(),
        create_time: None,
        update_time: None,
    }
}
