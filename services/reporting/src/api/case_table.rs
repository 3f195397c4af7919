//! The case table: each figure as computed, beside what was published.

use chrono::NaiveDate;
use wangge_api::{
    date::{optional, timestamp, to_wire},
    organization::v1 as organization,
    refusal::Refusal,
    reporting::v1 as wire,
};
use wangge_auth::RecordScope;

use super::{area, freshness, span};
use crate::{
    App,
    figures::{FIGURES, Figure},
    queries::{figures::count, published::list_published},
    store::published::PublishedFigure,
};

pub(super) async fn get(
    app: &App,
    message: &wire::GetCaseTableRequest,
    scope: &RecordScope,
) -> Result<wire::CaseTable, Refusal> {
    let asked = optional(message.as_of_date.as_ref(), "as_of_date")?;
    freshness::wait_for(app, &message.at_least).await?;
    let area_scope = area(app, &message.area_code, scope).await?;
    let published = list_published(&app.database.calls, &message.area_code, asked).await?;
    let mut lines = Vec::new();
    for figure in FIGURES {
        let span = span(app, asked, figure, &published);
        let published = published
            .iter()
            .find(|published| published.figure_key == figure.key);
        let (value, _) = count(&app.database.calls, figure, &area_scope, span).await?;
        lines.push(line(figure, value, span.as_of, published));
    }
    Ok(wire::CaseTable {
        area_code: message.area_code.clone(),
        lines,
        computed_time: Some(timestamp(app.clock.now())),
    })
}

fn line(
    figure: &Figure,
    value: i64,
    day: NaiveDate,
    published: Option<&PublishedFigure>,
) -> wire::CaseLine {
    wire::CaseLine {
        mechanism: figure.mechanism.to_owned(),
        figure_key: figure.key.to_owned(),
        title_zh: figure.title_zh.to_owned(),
        title_en: figure.title_en.to_owned(),
        counted: figure.counted.to_owned(),
        definition: figure.definition.to_owned(),
        definition_version: figure.version,
        period: published.map_or(figure.period as i32, |published| published.period.into()),
        as_of_date: Some(to_wire(day)),
        computed_value: value,
        comparison: compare(value, day, published).into(),
        published: published.map(message),
    }
}

/// Two figures of different days are not compared.
fn compare(
    value: i64,
    day: NaiveDate,
    published: Option<&PublishedFigure>,
) -> wire::CaseComparison {
    let at_least = i16::try_from(organization::FigureBound::AtLeast as i32).unwrap_or_default();
    match published {
        Some(published) if published.as_of_date == day => {
            let met = value == published.value
                || (published.bound == at_least && value > published.value);
            if met {
                wire::CaseComparison::Met
            } else {
                wire::CaseComparison::Missed
            }
        }
        _ => wire::CaseComparison::Unspecified,
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
        etag: format!("{:x}", figure.revision),
    }
}
