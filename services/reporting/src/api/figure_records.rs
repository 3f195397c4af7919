//! Drill-down: the records behind a figure.

use uuid::Uuid;
use wangge_api::{date::optional, errors::v1::Reason, refusal::Refusal, reporting::v1 as wire};
use wangge_auth::RecordScope;
use wangge_kernel::page;

use super::{area, freshness, span};
use crate::{
    App,
    figures::{Figure, by_name},
    queries::{
        figures::{Counted, Page, count, list as list_counted},
        published::list_published,
    },
};

pub(super) async fn list(
    app: &App,
    message: &wire::ListFigureRecordsRequest,
    scope: &RecordScope,
) -> Result<wire::ListFigureRecordsResponse, Refusal> {
    let figure = by_name(&message.figure_key).ok_or_else(|| {
        Refusal::field(
            "figure_key",
            "figure_key",
            "is no figure: see the case table",
        )
    })?;
    let asked = optional(message.as_of_date.as_ref(), "as_of_date")?;
    freshness::wait_for(app, &message.at_least).await?;
    let area_scope = area(app, &message.area_code, scope).await?;
    let published = list_published(&app.database.calls, &message.area_code, asked).await?;
    let span = span(app, asked, figure, &published);
    let days = format!("{:?} {}", span.from, span.as_of);
    let arguments = [
        "figure records",
        &message.area_code,
        &message.figure_key,
        &days,
    ];
    let after = page::decode(&message.page_token, &arguments)
        .map_err(|_| Refusal {
            reason: Reason::PageTokenInvalid,
            ..Refusal::field("page_token", "page_token", "is not a token of this list")
        })?
        .unwrap_or(Uuid::nil());
    let size = page::size(message.page_size);
    let wanted = Page {
        after,
        limit: size + 1,
    };
    let mut records = list_counted(&app.database.calls, figure, &area_scope, span, wanted).await?;
    let more = records.len() > usize::try_from(size).unwrap_or(usize::MAX);
    if more {
        records.pop();
    }
    let total = match records.first() {
        Some(first) => first.count,
        None => {
            count(&app.database.calls, figure, &area_scope, span)
                .await?
                .1
        }
    };
    let last = records.last().filter(|_| more);
    Ok(wire::ListFigureRecordsResponse {
        next_page_token: last
            .map(|last| page::encode(&last.record_id, &arguments))
            .unwrap_or_default(),
        records: records
            .iter()
            .map(|counted| record(figure, counted))
            .collect(),
        total,
    })
}

fn record(figure: &Figure, counted: &Counted) -> wire::FigureRecord {
    wire::FigureRecord {
        service: figure.service.to_owned(),
        kind: figure.counted.to_owned(),
        record_id: counted.record_id.to_string(),
        parent_id: counted.parent_id.to_string(),
        amount: counted.amount,
    }
}
