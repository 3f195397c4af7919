//! Reads and prints the case table and the records that its figures count.

use anyhow::Result;
use chrono::NaiveDate;
use serde_json::json;
use tonic::Status;
use wangge_api::{
    date::to_wire,
    organization::v1::{FigureBound, FigurePeriod},
    reporting::v1::{
        CaseComparison, CaseLine, CaseTable, GetCaseTableRequest, ListFigureRecordsRequest,
        report_service_client::ReportServiceClient,
    },
    types::v1::{Date, RecordVersion},
};
use wangge_client::{ServiceChannel, retry};

use crate::{
    connect::refused,
    output::{self, Output, line, pad, width},
};

/// Selects a case table: area, day and period.
#[derive(Debug, Clone)]
pub(crate) struct CaseQuery {
    /// Code of the area.
    pub area_code: String,
    /// Day up to which records are counted; by default, each figure's published day.
    pub as_of: Option<NaiveDate>,
    /// Period over which events are counted; if unspecified, each figure's own.
    pub period: FigurePeriod,
    /// Versions of records that the table must include.
    pub at_least: Vec<RecordVersion>,
}

/// Returns the case table. Retries a call that may succeed later.
pub(crate) async fn get(reporting: ServiceChannel, query: &CaseQuery) -> Result<CaseTable> {
    retry(|| get_once(&reporting, query)).await.map_err(refused)
}

/// Returns the case table, without retries.
///
/// # Errors
/// Returns the status of the call.
pub(crate) async fn get_once(
    reporting: &ServiceChannel,
    query: &CaseQuery,
) -> Result<CaseTable, Status> {
    let request = GetCaseTableRequest {
        area_code: query.area_code.clone(),
        as_of_date: query.as_of.map(to_wire),
        at_least: query.at_least.clone(),
        period: query.period.into(),
    };
    let mut client = ReportServiceClient::new(reporting.clone());
    Ok(client.get_case_table(request).await?.into_inner())
}

/// Returns true if any figure was published and every published one was met.
pub(crate) fn agrees(table: &CaseTable) -> bool {
    // A table without published figures agrees with nothing: `up --demo --check` must
    // not pass because the published figures were not imported.
    let published = table.lines.iter().filter(|line| line.published.is_some());
    published.clone().count() > 0
        && published
            .into_iter()
            .all(|line| line.comparison() == CaseComparison::Met)
}

/// Prints the case table in aligned columns, or as one JSON object.
pub(crate) fn print(table: &CaseTable, output: Output) -> Result<()> {
    if output == Output::Json {
        let lines: Vec<_> = table.lines.iter().map(json_line).collect();
        return output::json(&json!({"area_code": table.area_code, "lines": lines}));
    }
    let header = [
        "",
        "figure",
        "computed",
        "published",
        "",
        "period",
        "as of",
        "key",
    ];
    let mut rows: Vec<Vec<String>> = vec![header.iter().map(|text| (*text).to_owned()).collect()];
    rows.extend(table.lines.iter().map(text_row));
    let columns: Vec<usize> = (0..header.len())
        .map(|column| {
            rows.iter()
                .map(|row| width(&row[column]))
                .max()
                .unwrap_or_default()
        })
        .collect();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&columns)
            .map(|(text, columns)| pad(text, *columns))
            .collect();
        line(cells.join("  ").trim_end());
    }
    Ok(())
}

fn text_row(case: &CaseLine) -> Vec<String> {
    let published = case
        .published
        .as_ref()
        .map_or_else(String::new, |published| {
            let sign = if published.bound() == FigureBound::AtLeast {
                "≥ "
            } else {
                ""
            };
            format!("{sign}{}", published.value)
        });
    let mark = match case.comparison() {
        CaseComparison::Met => "✓",
        CaseComparison::Missed => "✗",
        CaseComparison::Unspecified => "",
    };
    vec![
        case.mechanism.clone(),
        format!("{} {}", case.title_zh, case.title_en),
        case.computed_value.to_string(),
        published,
        mark.to_owned(),
        period(case.period()).replace('_', " "),
        case.as_of_date.as_ref().map(day).unwrap_or_default(),
        case.figure_key.clone(),
    ]
}

fn json_line(case: &CaseLine) -> serde_json::Value {
    json!({
        "mechanism": case.mechanism,
        "figure_key": case.figure_key,
        "title_zh": case.title_zh,
        "title_en": case.title_en,
        "computed_value": case.computed_value,
        "published_value": case.published.as_ref().map(|published| published.value),
        "published_period": case.published.as_ref().map(|published| period(published.period())),
        "published_as_of_date": case.published.as_ref().and_then(|published| published.as_of_date.as_ref()).map(day),
        "met": match case.comparison() {
            CaseComparison::Met => Some(true),
            CaseComparison::Missed => Some(false),
            CaseComparison::Unspecified => None,
        },
        "period": period(case.period()),
        "as_of_date": case.as_of_date.as_ref().map(day),
        "definition": case.definition,
        "definition_version": case.definition_version,
    })
}

fn period(period: FigurePeriod) -> String {
    period
        .as_str_name()
        .trim_start_matches("FIGURE_PERIOD_")
        .to_lowercase()
}

fn day(date: &Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// Prints the records that a figure counts, one per line and page by page.
pub(crate) async fn print_records(
    reporting: ServiceChannel,
    query: &CaseQuery,
    figure: &str,
    output: Output,
) -> Result<()> {
    let mut request = ListFigureRecordsRequest {
        page_size: 1000,
        area_code: query.area_code.clone(),
        figure_key: figure.to_owned(),
        as_of_date: query.as_of.map(to_wire),
        period: query.period.into(),
        ..ListFigureRecordsRequest::default()
    };
    loop {
        let page = retry(|| {
            let (mut client, request) =
                (ReportServiceClient::new(reporting.clone()), request.clone());
            async move { Ok(client.list_figure_records(request).await?.into_inner()) }
        })
        .await
        .map_err(refused)?;
        for record in &page.figure_records {
            match output {
                Output::Text => line(format!(
                    "{} {} {} {} {}",
                    record.service, record.kind, record.record_id, record.parent_id, record.amount
                )),
                Output::Json => output::json(&json!({
                    "service": record.service, "kind": record.kind,
                    "record_id": record.record_id, "parent_id": record.parent_id,
                    "amount": record.amount,
                }))?,
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}
