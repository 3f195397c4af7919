//! Drill-down: lists the records behind a figure.

use futures::FutureExt as _;
use sqlx::PgPool;
use wangge_api::{
    date::optional,
    organization::v1::FigurePeriod,
    refusal::{Refusal, Rule},
    reporting::v1 as wire,
    types::v1::Date,
};
use wangge_auth::RecordScope;
use wangge_kernel::page;
use wangge_pg::transact;

use super::{area, freshness, period, question};
use crate::{
    App,
    figures::{Figure, by_name},
    queries::{
        figures::{Counted, Counting, Page, Span, count, list as list_counted},
        published::list_published,
        snapshot,
    },
};

pub(super) async fn list(
    app: &App,
    message: &wire::ListFigureRecordsRequest,
    scope: &RecordScope,
) -> Result<wire::ListFigureRecordsResponse, Refusal> {
    freshness::wait_for(app, &message.at_least).await?;
    let counting = counting(
        app,
        &message.figure_key,
        &message.area_code,
        message.as_of_date.as_ref(),
        message.period(),
        scope,
    )
    .await?;
    let Counting { figure, span, .. } = counting;
    let days = format!("{:?} {}", span.from, span.as_of);
    // The days are part of the token: after midnight, or once another figure was published,
    // the default as-of date changes, and a page of other days must not follow.
    let arguments = [
        "figure records",
        &message.area_code,
        &message.figure_key,
        &days,
    ];
    let after = page::decode(&message.page_token, &arguments)?.unwrap_or_default();
    let size = page::size(message.page_size);
    // One more than the page has, to detect whether there are more.
    let wanted = Page {
        after,
        limit: size + 1,
    };
    let (mut records, total) = read(&app.database.calls, counting, wanted).await?;
    let more = records.len() > usize::try_from(size).unwrap_or(usize::MAX);
    if more {
        records.pop();
    }
    let last = records.last().filter(|_| more);
    Ok(wire::ListFigureRecordsResponse {
        next_page_token: last
            .map(|last| page::encode(&last.place(), &arguments))
            .unwrap_or_default(),
        figure_records: records
            .iter()
            .map(|counted| record(figure, counted))
            .collect(),
        total_size: total,
    })
}

/// Reads a page of the records that a figure counts, and their total number, from one
/// snapshot.
async fn read(
    pool: &PgPool,
    counting: Counting,
    page: Page,
) -> Result<(Vec<Counted>, i64), Refusal> {
    transact(pool, &[], move |tx| {
        async move {
            let Counting {
                figure,
                scope,
                span,
            } = counting;
            snapshot::begin(tx).await?;
            let records = list_counted(tx, figure, &scope, span, &page).await?;
            let total = count(tx, figure, &scope, span).await?.count;
            Ok((records, total))
        }
        .boxed()
    })
    .await
}

/// Reads a page of the records that a figure counts.
pub(super) async fn read_page(
    pool: &PgPool,
    counting: &Counting,
    page: Page,
) -> Result<Vec<Counted>, Refusal> {
    let counting = counting.clone();
    transact(pool, &[], move |tx| {
        async move {
            snapshot::begin(tx).await?;
            let Counting { scope, span, .. } = &counting;
            Ok(list_counted(tx, counting.figure, scope, *span, &page).await?)
        }
        .boxed()
    })
    .await
}

/// Returns what a figure of an area counts, for the same period and as-of date as the first
/// of its lines in the case table.
///
/// # Errors
/// `FIELD_INVALID` for an unknown figure or period, or a period that the figure can't be
/// counted by; `RECORD_NOT_FOUND`.
pub(super) async fn counting(
    app: &App,
    figure_key: &str,
    area_code: &str,
    as_of_date: Option<&Date>,
    asked_period: FigurePeriod,
    scope: &RecordScope,
) -> Result<Counting, Refusal> {
    let figure = by_name(figure_key).ok_or_else(|| {
        Refusal::field(
            "figure_key",
            Rule::FigureKey,
            "is not the key of a figure: see the case table",
        )
    })?;
    let asked = optional(as_of_date, "as_of_date")?;
    let asked_period = period(asked_period)?;
    if asked_period.is_some_and(|period| !figure.allows(period)) {
        let why = "does not apply to this figure, which counts what is in effect on a day";
        return Err(Refusal::field("period", Rule::LeftOut, why));
    }
    let scope = area(app, area_code, scope).await?;
    let published = list_published(&app.database.calls, area_code, asked).await?;
    let rows = question(app, asked, asked_period).rows(figure, &published);
    let row = rows
        .first()
        .ok_or_else(|| Refusal::not_found("figure", figure_key))?;
    Ok(Counting {
        figure,
        scope,
        span: Span::of(row.period, row.as_of),
    })
}

pub(super) fn record(figure: &Figure, counted: &Counted) -> wire::FigureRecord {
    wire::FigureRecord {
        service: figure.service.to_owned(),
        kind: figure.counted.to_owned(),
        record_id: counted.record_id.to_string(),
        parent_id: counted.parent_id.to_string(),
        amount: counted.amount,
    }
}
