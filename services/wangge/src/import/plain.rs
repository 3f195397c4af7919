//! Files of plain records. Their columns are derived from the contract's message by
//! reflection and have the fields' names, except that `key` replaces the id, and
//! `…_key` (or `…_code`, for units) replaces a field that references another record.
//! A list of strings is one cell, separated by semicolons; so are the steps of a record
//! with states: `action@time`, or `action@time@reason`. Fields that the service sets
//! have no column.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::Datelike as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};

use super::{
    columns::Columns,
    folder::Reading,
    notation,
    records::Origin,
    table::{Keys, Row},
};

/// A file of plain records.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Name of the file.
    pub(super) name: &'static str,
    /// Kind of its rows: the name of a field in the `record` of the import stream's
    /// message.
    pub(super) kind: &'static str,
}

/// The descriptors of the contracts.
#[derive(Debug)]
struct Contracts {
    pool: DescriptorPool,
}

/// A column and the field of the message that it sets.
#[derive(Debug)]
struct Column {
    name: String,
    field: FieldDescriptor,
    /// Kind of the record that the field references, if it is a reference.
    names: Option<String>,
}

/// Reads files of plain records as messages of an import stream, each with its origin.
pub(super) fn read<M: prost::Message + Default>(
    reading: &Reading<'_>,
    stream: &str,
    files: &[File],
) -> Result<Vec<(Origin, M)>> {
    let contracts = Contracts::read()?;
    let mut all = Vec::new();
    for file in files {
        all.extend(contracts.rows(reading, stream, *file)?);
    }
    Ok(all)
}

impl Contracts {
    /// Decodes the descriptors that are compiled into the tool.
    fn read() -> Result<Self> {
        let pool = DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET)?;
        Ok(Self { pool })
    }

    /// Reads the rows of one file as messages of an import stream.
    fn rows<M: prost::Message + Default>(
        &self,
        reading: &Reading<'_>,
        stream: &str,
        file: File,
    ) -> Result<Vec<(Origin, M)>> {
        let stream = self
            .pool
            .get_message_by_name(stream)
            .with_context(|| format!("the contracts have no message {stream}"))?;
        let place = stream
            .get_field_by_name(file.kind)
            .with_context(|| format!("{} has no {}", stream.full_name(), file.kind))?;
        let Kind::Message(record) = place.kind() else {
            anyhow::bail!("{} is not a message", place.full_name());
        };
        let columns = self.columns(&record)?;
        let table = reading.table(file.name, &named_columns(&columns));
        let mut rows = Vec::new();
        let mut taken = Keys::of(file.name);
        for row in table.rows() {
            let id = reading.own_id(file.kind, row.text("key"));
            row.keep("key", &id, &mut taken);
            let record = fill(reading, &record, &columns, row, &id);
            let mut message = DynamicMessage::new(stream.clone());
            message.set_field(&place, Value::Message(record));
            rows.push((row.origin().named(&[&id]), message.transcode_to()?));
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
            // `source_message_id` is set only by bridges to chat systems; a row of a file
            // is identified by its key.
            if ["id", "revision", "etag", "source_message_id"].contains(&field.name())
                || options.has_extension(&output_only)
            {
                continue;
            }
            let names = options.has_extension(&names).then(|| {
                let named = options.get_extension(&names);
                named.as_str().unwrap_or_default().to_owned()
            });
            // Units are identified by their codes on the whole platform, other records by
            // the folder's keys.
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

/// Returns the columns with the names of the fields that they set, so that a violation
/// of a field is reported at its column.
fn named_columns(columns: &[Column]) -> Arc<Columns> {
    let names: Vec<&str> = std::iter::once("key")
        .chain(columns.iter().map(|column| column.name.as_str()))
        .collect();
    let fields: Vec<(&str, &str)> = std::iter::once(("id", "key"))
        .chain(
            columns
                .iter()
                .map(|column| (column.field.name(), column.name.as_str())),
        )
        .filter(|(field, column)| field != column)
        .collect();
    Columns::of(&names, &fields)
}

fn fill(
    reading: &Reading<'_>,
    record: &MessageDescriptor,
    columns: &[Column],
    row: Row<'_>,
    id: &str,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(record.clone());
    message.set_field_by_name("id", Value::String(id.to_owned()));
    for column in columns {
        let value = match column.names.as_deref() {
            Some(kind) if column.field.is_list() => {
                all_named(row, &column.name, reading.keys(kind))
            }
            Some(kind) => named(row, &column.name, reading.keys(kind)),
            None if column.name == "area_code" => {
                Some(Value::String(reading.area_code(row, "area_code")))
            }
            None => value(row, column),
        };
        if let Some(value) = value {
            message.set_field(&column.field, value);
        }
    }
    message
}

fn named(row: Row<'_>, column: &str, known: &Keys) -> Option<Value> {
    let id = row.reference(column, known);
    (!id.is_empty()).then_some(Value::String(id))
}

/// Returns the ids of the records whose keys a column lists.
fn all_named(row: Row<'_>, column: &str, known: &Keys) -> Option<Value> {
    let entries = entries(row, column, row.text(column))?;
    let ids = entries.iter().map(|key| row.named(column, key, known));
    // Collected before the check: collecting into an `Option` would stop at the first
    // unknown key, and the others would not be reported.
    let ids: Vec<Option<String>> = ids.collect();
    ids.into_iter()
        .map(|id| id.map(Value::String))
        .collect::<Option<Vec<_>>>()
        .map(Value::List)
}

/// Splits a list into entries; `None` if it is empty or invalid.
fn entries<'r>(row: Row<'_>, column: &str, text: &'r str) -> Option<Vec<&'r str>> {
    if text.is_empty() {
        return None;
    }
    let entries: Vec<&str> = text.split(';').collect();
    if entries
        .iter()
        .any(|entry| entry.is_empty() || entry.trim() != *entry)
    {
        row.problem(
            column,
            "is not a valid list: separate entries with ; and without spaces",
        );
        return None;
    }
    Some(entries)
}

/// Parses a cell according to the type of its field; `None` if it is empty or invalid,
/// which is then reported.
fn value(row: Row<'_>, column: &Column) -> Option<Value> {
    let text = row.text(&column.name);
    if text.is_empty() {
        return None;
    }
    if column.field.is_list() {
        return match column.field.kind() {
            Kind::Message(step) => steps(row, column, &step, text),
            _ => {
                let entries = entries(row, &column.name, text)?;
                let items = entries
                    .into_iter()
                    .map(|item| Value::String(item.to_owned()));
                Some(Value::List(items.collect()))
            }
        };
    }
    let read = match column.field.kind() {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bool => text
            .parse()
            .map(Value::Bool)
            .map_err(|_| "must be true or false"),
        Kind::Int32 => notation::number(text)
            .map(Value::I32)
            .ok_or(notation::NUMBER),
        Kind::Int64 => notation::number(text)
            .map(Value::I64)
            .ok_or(notation::NUMBER),
        Kind::Enum(kind) => {
            // The value 0 is `…_UNSPECIFIED`: in a file, an empty cell has this meaning.
            let prefix = prefix(kind.name());
            let values: Vec<(String, i32)> = kind
                .values()
                .filter(|value| value.number() != 0)
                .filter_map(|value| {
                    let name = value.name().strip_prefix(&prefix)?;
                    Some((name.to_lowercase(), value.number()))
                })
                .collect();
            let Some((_, number)) = values.iter().find(|(name, _)| name == text) else {
                let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
                let why = format!("must be one of {}", names.join(", "));
                row.problem(&column.name, &why);
                return None;
            };
            Ok(Value::EnumNumber(*number))
        }
        Kind::Message(kind) => match kind.full_name() {
            "wangge.types.v1.Date" => date(&kind, text).ok_or(notation::DAY),
            "google.protobuf.Timestamp" => time(&kind, text).ok_or(notation::TIME),
            _ => Err("is not supported in files"),
        },
        _ => Err("is not supported in files"),
    };
    read.map_err(|why| row.problem(&column.name, why)).ok()
}

/// Parses the steps of a record with states, in the order in which they were taken.
fn steps(row: Row<'_>, column: &Column, kind: &MessageDescriptor, text: &str) -> Option<Value> {
    let moment = kind.get_field_by_name("step_time")?;
    let moment = moment.kind().as_message()?.clone();
    let step = |text: &str| {
        // At most three parts, so that a second `@` stays in the reason and is rejected
        // below instead of being cut off.
        let mut parts = text.splitn(3, '@');
        let (action, at) = (parts.next()?, time(&moment, parts.next()?)?);
        let mut step = DynamicMessage::new(kind.clone());
        step.set_field_by_name("action", Value::String(action.to_owned()));
        step.set_field_by_name("step_time", at);
        let reason = parts.next().unwrap_or_default();
        if action.is_empty() || reason.contains('@') {
            return None;
        }
        step.set_field_by_name("reason", Value::String(reason.to_owned()));
        Some(Value::Message(step))
    };
    let steps: Option<Vec<Value>> = text.split(';').map(step).collect();
    if steps.is_none() {
        row.problem(
            &column.name,
            "is not a list of steps: action@time, separated by semicolons",
        );
    }
    steps.map(Value::List)
}

/// Returns the prefix of an enum's value names: `NEED_KIND_` for `NeedKind`.
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
    let day = notation::day(text)?;
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
    let time = notation::time(text)?;
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
            named_columns(&columns).names(),
            ["key", "building_key", "room", "start_date", "end_date"]
        );
    }
}
