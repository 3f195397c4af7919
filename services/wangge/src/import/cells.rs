//! Parses the cell of a row according to the type of its field. A list of strings is one
//! cell, separated by semicolons; so are the steps of a record with states:
//! `action@time`, or `action@time@reason`. An empty cell leaves its field unset.

use chrono::Datelike as _;
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MessageDescriptor, Value};

use super::{
    format::{Column, snake},
    notation,
    table::Row,
};

/// Parses a cell; `None` if it is empty or invalid, which is then reported.
pub(super) fn value(row: Row<'_>, column: &Column) -> Option<Value> {
    let text = row.text(&column.name);
    if text.is_empty() {
        return None;
    }
    if column.field.is_list() {
        return match column.field.kind() {
            Kind::Message(step) => steps(row, column, &step, text),
            _ => {
                let entries = entries(row, &column.name)?.into_iter();
                let items = entries.map(|item| Value::String(item.to_owned()));
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
        Kind::Enum(kind) => return code(row, column, &kind, text),
        Kind::Message(kind) => match kind.full_name() {
            "wangge.types.v1.Date" => date(&kind, text).ok_or(notation::DAY),
            "google.protobuf.Timestamp" => time(&kind, text).ok_or(notation::TIME),
            _ => Err("is not supported in files"),
        },
        _ => Err("is not supported in files"),
    };
    read.map_err(|why| row.problem(&column.name, why)).ok()
}

/// Splits a list into entries; `None` if it is empty or invalid.
pub(super) fn entries<'r>(row: Row<'r>, column: &str) -> Option<Vec<&'r str>> {
    let text = row.text(column);
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

/// Parses an enum value: its name in the contract in lower case, without the enum's name.
fn code(row: Row<'_>, column: &Column, kind: &EnumDescriptor, text: &str) -> Option<Value> {
    let prefix = format!("{}_", snake(kind.name()));
    // The value 0 is `…_UNSPECIFIED`: in a file, an empty cell has this meaning.
    let values = kind.values().filter(|value| value.number() != 0);
    let values = values.filter_map(|value| {
        let name = value.name().to_lowercase();
        Some((name.strip_prefix(&prefix)?.to_owned(), value.number()))
    });
    let values: Vec<(String, i32)> = values.collect();
    let value = values.iter().find(|(name, _)| name == text);
    if value.is_none() {
        let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
        let why = format!("must be one of {}", names.join(", "));
        row.problem(&column.name, &why);
    }
    value.map(|(_, number)| Value::EnumNumber(*number))
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
