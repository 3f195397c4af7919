//! Tables as files: the case table, the records behind a figure, and what stands
//! on the wall, as CSV or JSON.

use std::pin::Pin;

use futures::Stream;
use serde_json::{Map, Value};
use tonic::Status;
use wangge_api::{
    date::{from_wire, moment},
    refusal::Refusal,
    reporting::v1::{self as wire, ExportFormat, ReportTable},
};
use wangge_auth::RecordScope;

use super::{case_table, figure_records, wall};
use crate::App;

/// So many bytes are sent at once, give or take a row.
const CHUNK: usize = 64 * 1024;

/// A stream of a file's parts.
pub(super) type Parts =
    Pin<Box<dyn Stream<Item = Result<wire::ExportTableResponse, Status>> + Send>>;

/// A table: the names of its columns, and rows of as many values.
struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

/// The parts of a table's file.
///
/// # Errors
/// Those of the table that is asked for.
pub(super) async fn export(
    app: &App,
    message: wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Parts, Refusal> {
    let table = match message.table() {
        ReportTable::CaseTable => cases(app, &message, scope).await?,
        ReportTable::FigureRecords => records(app, &message, scope).await?,
        ReportTable::Wall => matters(app, &message, scope).await?,
        ReportTable::Unspecified => {
            return Err(Refusal::field("table", "required", "is required"));
        }
    };
    let parts = match message.format() {
        ExportFormat::Json => json(&table),
        _ => csv(&table)?,
    };
    let parts = parts
        .into_iter()
        .map(|content| Ok(wire::ExportTableResponse { content }));
    Ok(Box::pin(futures::stream::iter(parts.collect::<Vec<_>>())))
}

async fn cases(
    app: &App,
    message: &wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Table, Refusal> {
    let request = wire::GetCaseTableRequest {
        area_code: message.area_code.clone(),
        as_of_date: message.as_of_date,
        at_least: Vec::new(),
    };
    let table = case_table::get(app, &request, scope).await?;
    let row = |line: wire::CaseLine| {
        let published = line.published.as_ref();
        vec![
            line.mechanism.clone().into(),
            line.figure_key.clone().into(),
            line.title_zh.clone().into(),
            line.title_en.clone().into(),
            line.computed_value.into(),
            published.map_or(Value::Null, |published| published.value.into()),
            published.map_or(Value::Null, |published| {
                name(published.bound().as_str_name(), "FIGURE_BOUND_")
            }),
            name(line.comparison().as_str_name(), "CASE_COMPARISON_"),
            name(line.period().as_str_name(), "FIGURE_PERIOD_"),
            day(line.as_of_date.as_ref()),
            line.definition_version.into(),
        ]
    };
    Ok(Table {
        columns: &[
            "mechanism",
            "figure_key",
            "title_zh",
            "title_en",
            "computed_value",
            "published_value",
            "published_bound",
            "comparison",
            "period",
            "as_of_date",
            "definition_version",
        ],
        rows: table.lines.into_iter().map(row).collect(),
    })
}

async fn records(
    app: &App,
    message: &wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Table, Refusal> {
    let mut request = wire::ListFigureRecordsRequest {
        area_code: message.area_code.clone(),
        figure_key: message.figure_key.clone(),
        as_of_date: message.as_of_date,
        page_size: 1000,
        ..wire::ListFigureRecordsRequest::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = figure_records::list(app, &request, scope).await?;
        rows.extend(page.records.into_iter().map(|record| {
            vec![
                record.service.into(),
                record.kind.into(),
                record.record_id.into(),
                record.parent_id.into(),
                record.amount.into(),
            ]
        }));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    Ok(Table {
        columns: &["service", "kind", "record_id", "parent_id", "amount"],
        rows,
    })
}

async fn matters(
    app: &App,
    message: &wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Table, Refusal> {
    let wall = wall::now(app, &message.area_code, scope).await?;
    let matters = wall.matters.into_iter().map(|matter| {
        vec![
            "livelihood_matter".into(),
            name(matter.light().as_str_name(), "LIGHT_"),
            name(matter.handler_post().as_str_name(), "POST_"),
            matter.id.into(),
            matter.title.into(),
            matter.area_name.into(),
            matter.state.into(),
            time(matter.state_time.as_ref()),
            time(matter.due_time.as_ref()),
            Value::Null,
        ]
    });
    let replies = wall.replies.into_iter().map(|reply| {
        vec![
            "group_message".into(),
            name(reply.light().as_str_name(), "LIGHT_"),
            name(reply.handler_post().as_str_name(), "POST_"),
            reply.id.into(),
            reply.title.into(),
            Value::Null,
            reply.state.into(),
            time(reply.sent_time.as_ref()),
            time(reply.due_time.as_ref()),
            time(reply.replied_time.as_ref()),
        ]
    });
    Ok(Table {
        columns: &[
            "kind",
            "light",
            "handler_post",
            "id",
            "title",
            "area_name",
            "state",
            "since_time",
            "due_time",
            "replied_time",
        ],
        rows: matters.chain(replies).collect(),
    })
}

fn name(value: &str, prefix: &str) -> Value {
    value.trim_start_matches(prefix).to_lowercase().into()
}

fn day(day: Option<&wangge_api::types::v1::Date>) -> Value {
    let day = day.and_then(|day| from_wire(day, "").ok());
    day.map_or(Value::Null, |day| day.to_string().into())
}

fn time(time: Option<&prost_types::Timestamp>) -> Value {
    let time = time.and_then(|time| moment(time, "").ok());
    time.map_or(Value::Null, |time| time.to_rfc3339().into())
}

/// An array of objects by the columns' names.
fn json(table: &Table) -> Vec<Vec<u8>> {
    let mut parts = vec![b"[".to_vec()];
    for (number, row) in table.rows.iter().enumerate() {
        let columns = table.columns.iter().map(ToString::to_string);
        let object: Map<String, Value> = columns.zip(row.iter().cloned()).collect();
        let comma = if number == 0 { "\n" } else { ",\n" };
        add(
            &mut parts,
            format!("{comma}{}", Value::Object(object)).as_bytes(),
        );
    }
    add(&mut parts, b"\n]\n");
    parts
}

/// RFC 4180 in UTF-8, the columns' names first. What a spreadsheet would take for
/// a formula has an apostrophe before it.
fn csv(table: &Table) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut parts = vec![Vec::new()];
    let mut write = |cells: Vec<String>| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(cells)
            .map_err(|error| Refusal::internal(&error))?;
        let line = writer
            .into_inner()
            .map_err(|error| Refusal::internal(&error))?;
        add(&mut parts, &line);
        Ok::<(), Refusal>(())
    };
    write(table.columns.iter().map(ToString::to_string).collect())?;
    for row in &table.rows {
        write(row.iter().map(cell).collect())?;
    }
    Ok(parts)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn add(parts: &mut Vec<Vec<u8>>, bytes: &[u8]) {
    match parts.last_mut() {
        Some(last) if last.len() < CHUNK => last.extend_from_slice(bytes),
        _ => parts.push(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_quote_what_must_be_quoted() {
        let table = Table {
            columns: &["title", "value"],
            rows: vec![
                vec!["a,\"b\"\n你".into(), 7.into()],
                vec!["=1+1".into(), Value::Null],
            ],
        };
        let text = String::from_utf8(csv(&table).expect("a file").concat()).expect("UTF-8");
        assert_eq!(text, "title,value\n\"a,\"\"b\"\"\n你\",7\n'=1+1,\n");
        let text = String::from_utf8(json(&table).concat()).expect("UTF-8");
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read[0]["title"], "a,\"b\"\n你");
        assert_eq!(read[1]["value"], Value::Null);
    }
}
