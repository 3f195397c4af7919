//! Exports of tables as CSV or JSON files: the case table, the records behind a figure, and
//! the entries of the wall. A file is streamed while it is generated, never buffered whole.

use std::time::Duration;

use futures::{
    Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio::sync::mpsc::{self, error::SendTimeoutError};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use wangge_api::{
    date::{from_wire, moment},
    refusal::{Reason, Refusal, Rule},
    reporting::v1::{self as wire, ExportFormat, ReportTable},
};
use wangge_auth::RecordScope;

use super::{case_table, figure_records, wall};
use crate::{App, queries::figures};

/// Number of rows per message of the stream.
const ROWS: usize = 500;
/// Number of records per page read from the database.
const ROWS_READ: i64 = 5000;
/// Timeout after which a reader that accepts no data is dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// UTF-8 byte order mark, by which spreadsheets recognise the encoding.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A stream of the parts of a file.
pub(super) type Parts = BoxStream<'static, Result<wire::ExportTableResponse, Status>>;

/// A row, with one value per column of its table.
type Row = Vec<Value>;

/// The column names and the rows of a table.
struct Table {
    columns: &'static [&'static str],
    rows: BoxStream<'static, Result<Row, Refusal>>,
}

impl Table {
    fn whole(columns: &'static [&'static str], rows: Vec<Row>) -> Self {
        let rows = stream::iter(rows.into_iter().map(Ok)).boxed();
        Self { columns, rows }
    }
}

/// Returns the file of the requested table as a stream of its parts.
///
/// # Errors
/// The errors of the requested table.
pub(super) async fn export(
    app: &App,
    message: wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Parts, Refusal> {
    refuse_what_is_of_another_table(&message)?;
    let table = match message.table() {
        ReportTable::CaseTable => cases(app, &message, scope).await?,
        ReportTable::FigureRecords => records(app, &message, scope).await?,
        ReportTable::Wall => matters(app, &message, scope).await?,
        ReportTable::Unspecified => {
            return Err(Refusal::field("table", Rule::Required, "is required"));
        }
    };
    let file = match message.format() {
        ExportFormat::Json => json(table),
        _ => csv(table, message.byte_order_mark),
    };
    let part = |content| wire::ExportTableResponse { content };
    Ok(file.map_ok(part).map_err(Status::from).boxed())
}

/// Rejects fields that don't apply to the requested table, instead of ignoring them.
fn refuse_what_is_of_another_table(message: &wire::ExportTableRequest) -> Result<(), Refusal> {
    let refuse = |field: &str, why: &str| Err(Refusal::field(field, Rule::LeftOut, why));
    let table = message.table();
    if table != ReportTable::FigureRecords && !message.figure_key.is_empty() {
        return refuse("figure_key", "is allowed only for the records of a figure");
    }
    if table == ReportTable::Wall && message.as_of_date.is_some() {
        return refuse(
            "as_of_date",
            "is not allowed for the wall, which shows the current state",
        );
    }
    if table == ReportTable::Wall && message.period != 0 {
        return refuse(
            "period",
            "is not allowed for the wall, which has no figures",
        );
    }
    if message.format() == ExportFormat::Json && message.byte_order_mark {
        return refuse("byte_order_mark", "is allowed only for CSV");
    }
    Ok(())
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
        period: message.period,
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
    Ok(Table::whole(
        &[
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
        table.lines.into_iter().map(row).collect(),
    ))
}

async fn records(
    app: &App,
    message: &wire::ExportTableRequest,
    scope: &RecordScope,
) -> Result<Table, Refusal> {
    let counting = figure_records::counting(
        app,
        &message.figure_key,
        &message.area_code,
        message.as_of_date.as_ref(),
        message.period(),
        scope,
    )
    .await?;
    let (sender, receiver) = mpsc::channel(ROWS);
    // The pool of the feed, so that exports never take connections from calls. It is idle,
    // since this service serves no feed of its own.
    let read = tokio::spawn(read(app.database.feed.clone(), counting, sender));
    // An error is the last item of the stream, after the rows, so that a truncated file
    // is never mistaken for a complete one.
    let end = stream::once(read).filter_map(|read| {
        let read = read.unwrap_or_else(|error| Err(Refusal::internal(&error)));
        std::future::ready(read.err().map(Err))
    });
    Ok(Table {
        columns: &["service", "kind", "record_id", "parent_id", "amount"],
        rows: ReceiverStream::new(receiver).map(Ok).chain(end).boxed(),
    })
}

/// Reads the records that a figure counts page by page, at the pace of the reader. No
/// connection is held while it waits for the reader.
async fn read(
    pool: PgPool,
    counting: figures::Counting,
    rows: mpsc::Sender<Row>,
) -> Result<(), Refusal> {
    let mut after = Default::default();
    loop {
        let limit = ROWS_READ;
        let page = figures::Page { after, limit };
        let records = figure_records::read_page(&pool, &counting, page).await?;
        for counted in &records {
            let row = record(figure_records::record(counting.figure, counted));
            // The channel is bounded, so a slow reader blocks this task. The timeout frees it from
            // a reader that never continues.
            match rows.send_timeout(row, SEND_TIMEOUT).await {
                Ok(()) => {}
                // The reader has gone away, which is no error of the export.
                Err(SendTimeoutError::Closed(_)) => return Ok(()),
                Err(SendTimeoutError::Timeout(_)) => {
                    let why = "the caller read nothing of the file for 30 s";
                    return Err(Refusal::new(Reason::DeadlineExceeded, why));
                }
            }
        }
        match records.last() {
            Some(last) if i64::try_from(records.len()).unwrap_or(limit) >= limit => {
                after = last.place();
            }
            _ => return Ok(()),
        }
    }
}

fn record(record: wire::FigureRecord) -> Row {
    vec![
        record.service.into(),
        record.kind.into(),
        record.record_id.into(),
        record.parent_id.into(),
        record.amount.into(),
    ]
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
    Ok(Table::whole(
        &[
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
        matters.chain(replies).collect(),
    ))
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

/// Formats a table as a JSON array of objects with the columns' names as keys.
fn json(table: Table) -> BoxStream<'static, Result<Vec<u8>, Refusal>> {
    let columns = table.columns;
    let object = move |(number, row): (usize, Result<Row, Refusal>)| {
        let columns = columns.iter().map(ToString::to_string);
        let object: Map<String, Value> = columns.zip(row?).collect();
        // Commas are written before the items, since a stream doesn't know its last item.
        let comma = if number == 0 { "\n" } else { ",\n" };
        Ok(format!("{comma}{}", Value::Object(object)).into_bytes())
    };
    let whole = |part: &'static [u8]| stream::iter([Ok(part.to_vec())]);
    let rows = in_parts(table.rows.enumerate().map(object));
    whole(b"[").chain(rows).chain(whole(b"\n]\n")).boxed()
}

/// Formats a table as RFC 4180 in UTF-8, with a header row, after a byte order mark if one
/// is requested. An apostrophe precedes a text that a spreadsheet would run as a formula.
fn csv(table: Table, byte_order_mark: bool) -> BoxStream<'static, Result<Vec<u8>, Refusal>> {
    let names = line(table.columns.iter().map(ToString::to_string).collect());
    let rows = table.rows.map(|row| line(row?.iter().map(cell).collect()));
    let mark = byte_order_mark.then(|| Ok(BYTE_ORDER_MARK.to_vec()));
    in_parts(stream::iter(mark.into_iter().chain([names])).chain(rows))
}

fn line(cells: Vec<String>) -> Result<Vec<u8>, Refusal> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = writer.write_record(cells);
    written.map_err(|error| Refusal::internal(&error))?;
    writer
        .into_inner()
        .map_err(|error| Refusal::internal(&error))
}

/// Groups rows into parts of a fixed size, each sent as soon as it is complete.
fn in_parts(
    rows: impl Stream<Item = Result<Vec<u8>, Refusal>> + Send + 'static,
) -> BoxStream<'static, Result<Vec<u8>, Refusal>> {
    // Rows are grouped, since a message for each row would cost more than the row itself.
    let parts = rows.try_chunks(ROWS);
    parts
        .map_ok(|rows| rows.concat())
        .map_err(|stopped| stopped.1)
        .boxed()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // CSV injection: titles come from users, and the file is opened by staff.
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(file: BoxStream<'static, Result<Vec<u8>, Refusal>>) -> String {
        let parts: Vec<Vec<u8>> = file.try_collect().await.expect("a file");
        String::from_utf8(parts.concat()).expect("UTF-8")
    }

    #[tokio::test]
    async fn files_quote_what_must_be_quoted() {
        let table = || {
            let rows = vec![
                vec!["a,\"b\"\n你".into(), 7.into()],
                vec!["=1+1".into(), Value::Null],
            ];
            Table::whole(&["title", "value"], rows)
        };
        let written = text(csv(table(), false)).await;
        let expected = "title,value\r\n\"a,\"\"b\"\"\n你\",7\r\n'=1+1,\r\n";
        assert_eq!(written, expected);
        let marked = text(csv(table(), true)).await;
        assert_eq!(marked, format!("\u{feff}{expected}"));
        let read: Value = serde_json::from_str(&text(json(table())).await).expect("JSON");
        assert_eq!(read[0]["title"], "a,\"b\"\n你");
        assert_eq!(read[1]["value"], Value::Null);
    }

    #[tokio::test]
    async fn a_file_of_nothing_is_a_file() {
        let nothing = || Table::whole(&["title"], Vec::new());
        assert_eq!(text(csv(nothing(), false)).await, "title\r\n");
        assert_eq!(text(json(nothing())).await, "[\n]\n");
    }
}
