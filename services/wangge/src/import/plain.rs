//! Files of plain records. Their columns are the fields of the contract's
//! message, by name: `key` in the place of the id, and `…_key` (or `…_code`,
//! for units) in the place of a field that names another record. A list of texts
//! is one cell, with semicolons; so are the steps of a record with states:
//! `action@time`, or `action@time@reason`. What the service fills itself has no
//! column.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Datelike as _, NaiveDate};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};

use super::{folder::Reading, table::Row};

/// A file of plain records.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Its name.
    pub(super) name: &'static str,
    /// What its rows are: a field of the import stream's `record`.
    pub(super) kind: &'static str,
}

/// The contracts, as the import of plain records reads them.
#[derive(Debug)]
struct Contracts {
    pool: DescriptorPool,
}

/// A column: a field of the message.
#[derive(Debug)]
struct Column {
    name: String,
    field: FieldDescriptor,
    /// What kind of record the field names, if it names one.
    names: Option<String>,
}

/// Ids of the records of a folder by their keys, by kind, whichever service
/// keeps them.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, HashMap<String, String>>);

impl Keys {
    /// Takes the keys of a file over.
    pub(super) fn add(&mut self, file: File, bytes: &[u8], id: impl Fn(&str, &str) -> String) {
        let mut reader = csv::Reader::from_reader(bytes);
        // What is wrong with a file is told when its rows are read.
        let place = reader
            .headers()
            .ok()
            .and_then(|header| header.iter().position(|name| name == "key"));
        let Some(place) = place else { return };
        let known = self.0.entry(file.kind.to_owned()).or_default();
        for row in reader.records().flatten() {
            let key = row.get(place).unwrap_or_default();
            known.insert(key.to_owned(), id(file.kind, key));
        }
    }
}

/// Reads files of plain records as messages of an import stream with their
/// files and lines.
pub(super) fn read<M: prost::Message + Default>(
    reading: &Reading<'_>,
    stream: &str,
    files: &[File],
) -> Result<Vec<(&'static str, u64, M)>> {
    let contracts = Contracts::read()?;
    let mut all = Vec::new();
    for file in files {
        let rows = contracts.rows(reading, stream, *file)?;
        all.extend(rows.into_iter().map(|(line, row)| (file.name, line, row)));
    }
    Ok(all)
}

impl Contracts {
    /// The contracts that the tool was built with.
    fn read() -> Result<Self> {
        let pool = DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET)?;
        Ok(Self { pool })
    }

    /// Reads the rows of a file as messages of an import stream, each with its
    /// line.
    fn rows<M: prost::Message + Default>(
        &self,
        reading: &Reading<'_>,
        stream: &str,
        file: File,
    ) -> Result<Vec<(u64, M)>> {
        let stream = self
            .pool
            .get_message_by_name(stream)
            .with_context(|| format!("no message {stream}"))?;
        let place = stream
            .get_field_by_name(file.kind)
            .with_context(|| format!("{} has no {}", stream.full_name(), file.kind))?;
        let Kind::Message(record) = place.kind() else {
            anyhow::bail!("{} is no message", place.full_name());
        };
        let columns = self.columns(&record)?;
        let table = reading.columns(file.name, names(&columns));
        let mut rows = Vec::new();
        let mut taken = HashMap::new();
        for row in table.rows() {
            let record = fill(reading, &record, &columns, row, file.kind, &mut taken);
            let mut message = DynamicMessage::new(stream.clone());
            message.set_field(&place, Value::Message(record));
            rows.push((row.line, message.transcode_to()?));
        }
        Ok(rows)
    }

    fn columns(&self, record: &MessageDescriptor) -> Result<Vec<Column>> {
        let option = |name: &str| {
            self.pool
                .get_extension_by_name(&format!("wangge.options.v1.{name}"))
                .with_context(|| format!("the contracts have no option {name}"))
        };
        let (output_only, names) = (option("output_only")?, option("names")?);
        let mut columns = Vec::new();
        for field in record.fields() {
            let options = field.options();
            // A row has its key: what a bridge knows a message by is not asked for.
            if ["id", "revision", "etag", "source_message_id"].contains(&field.name())
                || options.has_extension(&output_only)
            {
                continue;
            }
            let names = options.has_extension(&names).then(|| {
                let named = options.get_extension(&names);
                named.as_str().unwrap_or_default().to_owned()
            });
            let suffix = match names.as_deref() {
                Some("unit") => "_code",
                _ => "_key",
            };
            let plural = if field.is_list() { "s" } else { "" };
            let stem = field.name().strip_suffix(&format!("_id{plural}"));
            let name = stem
                .filter(|_| names.is_some())
                .map(|stem| format!("{stem}{suffix}{plural}"));
            columns.push(Column {
                name: name.unwrap_or_else(|| field.name().to_owned()),
                field,
                names,
            });
        }
        Ok(columns)
    }
}

/// The names of a file's columns.
fn names(columns: &[Column]) -> Vec<String> {
    let rest = columns.iter().map(|column| column.name.clone());
    std::iter::once("key".to_owned()).chain(rest).collect()
}

fn fill(
    reading: &Reading<'_>,
    record: &MessageDescriptor,
    columns: &[Column],
    row: Row<'_>,
    kind: &str,
    taken: &mut HashMap<String, String>,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(record.clone());
    let id = reading.own_id(kind, row.text("key"));
    row.keep("key", &id, taken);
    message.set_field_by_name("id", Value::String(id));
    for column in columns {
        let value = match column.names.as_deref() {
            Some(kind) if column.field.is_list() => {
                all_named(row, &column.name, reading.keys.0.get(kind))
            }
            Some("unit") => named(row, &column.name, Some(&reading.units)),
            Some("person") => named(row, &column.name, Some(&reading.people)),
            Some(kind) => named(row, &column.name, reading.keys.0.get(kind)),
            None => value(row, column),
        };
        if let Some(value) = value {
            message.set_field(&column.field, value);
        }
    }
    message
}

fn named(row: Row<'_>, column: &str, known: Option<&HashMap<String, String>>) -> Option<Value> {
    let none = HashMap::new();
    let id = row.reference(column, known.unwrap_or(&none));
    (!id.is_empty()).then_some(Value::String(id))
}

/// Records that a column names, with semicolons between their keys.
fn all_named(row: Row<'_>, column: &str, known: Option<&HashMap<String, String>>) -> Option<Value> {
    let keys = row.text(column).split(';').filter(|key| !key.is_empty());
    let id = |key: &str| known.and_then(|known| known.get(key)).cloned();
    let ids: Option<Vec<Value>> = keys.map(|key| id(key).map(Value::String)).collect();
    if ids.is_none() {
        row.problem(column, "names a row that the other file doesn't have");
    }
    ids.filter(|ids| !ids.is_empty()).map(Value::List)
}

/// What a column says; none if it says nothing, or nothing right.
fn value(row: Row<'_>, column: &Column) -> Option<Value> {
    let text = row.text(&column.name);
    if text.is_empty() {
        return None;
    }
    if column.field.is_list() {
        return match column.field.kind() {
            Kind::Message(step) => steps(row, column, &step, text),
            _ => {
                let items = text.split(';').map(|item| Value::String(item.to_owned()));
                Some(Value::List(items.collect()))
            }
        };
    }
    let read = match column.field.kind() {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bool => text
            .parse()
            .map(Value::Bool)
            .map_err(|_| "is neither true nor false"),
        Kind::Int32 => text
            .parse()
            .map(Value::I32)
            .map_err(|_| "is no such number"),
        Kind::Int64 => text
            .parse()
            .map(Value::I64)
            .map_err(|_| "is no such number"),
        Kind::Enum(kind) => {
            let wanted = format!("{}{}", prefix(kind.name()), text.to_uppercase());
            kind.get_value_by_name(&wanted)
                .map(|value| Value::EnumNumber(value.number()))
                .ok_or("is none of the values of the format")
        }
        Kind::Message(kind) => match kind.full_name() {
            "wangge.types.v1.Date" => date(&kind, text).ok_or("is no day: YYYY-MM-DD"),
            "google.protobuf.Timestamp" => {
                time(&kind, text).ok_or("is no time: RFC 3339 with offset")
            }
            _ => Err("can't stand in a file"),
        },
        _ => Err("can't stand in a file"),
    };
    read.map_err(|why| row.problem(&column.name, why)).ok()
}

/// The steps of a record with states.
fn steps(row: Row<'_>, column: &Column, kind: &MessageDescriptor, text: &str) -> Option<Value> {
    let moment = kind.get_field_by_name("step_time")?;
    let moment = moment.kind().as_message()?.clone();
    let step = |text: &str| {
        let mut parts = text.splitn(3, '@');
        let (action, at) = (parts.next()?, time(&moment, parts.next()?)?);
        let mut step = DynamicMessage::new(kind.clone());
        step.set_field_by_name("action", Value::String(action.to_owned()));
        step.set_field_by_name("step_time", at);
        let reason = parts.next().unwrap_or_default();
        step.set_field_by_name("reason", Value::String(reason.to_owned()));
        Some(Value::Message(step))
    };
    let steps: Option<Vec<Value>> = text.split(';').map(step).collect();
    if steps.is_none() {
        row.problem(
            &column.name,
            "holds no steps: action@time, with semicolons between",
        );
    }
    steps.map(Value::List)
}

/// What the names of an enum's values begin with: `NeedKind` has `NEED_KIND_`.
fn prefix(name: &str) -> String {
    let mut prefix = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.extend(letter.to_uppercase());
    }
    prefix + "_"
}

fn date(kind: &MessageDescriptor, text: &str) -> Option<Value> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let mut date = DynamicMessage::new(kind.clone());
    for (field, number) in [
        ("year", day.year()),
        ("month", i32::try_from(day.month()).ok()?),
        ("day", i32::try_from(day.day()).ok()?),
    ] {
        date.set_field_by_name(field, Value::I32(number));
    }
    Some(Value::Message(date))
}

fn time(kind: &MessageDescriptor, text: &str) -> Option<Value> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    let mut stamp = DynamicMessage::new(kind.clone());
    stamp.set_field_by_name("seconds", Value::I64(time.timestamp()));
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).ok()?;
    stamp.set_field_by_name("nanos", Value::I32(nanos));
    Some(Value::Message(stamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enums_values_have_its_name_before_them() {
        assert_eq!(prefix("NeedKind"), "NEED_KIND_");
        assert_eq!(prefix("Post"), "POST_");
    }

    #[test]
    fn columns_are_the_fields_that_a_sender_fills() {
        let contracts = Contracts::read().expect("contracts");
        let record = contracts
            .pool
            .get_message_by_name("wangge.organization.v1.Household")
            .expect("a message");
        let columns = contracts.columns(&record).expect("columns");
        assert_eq!(
            names(&columns),
            ["key", "building_key", "room", "start_date", "end_date"]
        );
    }
}
