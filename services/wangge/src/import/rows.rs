//! Reads the rows of a file as the records of the contract by reflection, so that a kind
//! of record needs no code here. Checks what the files alone reveal: keys, references and
//! notation; the rest is validated by the services.

use anyhow::Result;
use prost_reflect::{DynamicMessage, Value};

use super::{
    cells,
    folder::Reading,
    format::{self, CODES, Column, File},
    notation,
    records::{Origin, Sourced},
    table::{Keys, Row},
};

/// Reads the files of a service, in the order in which they can be imported. `by_hand`
/// reads those whose rows aren't records as they are.
///
/// # Errors
/// Returns an error if the contract's types don't match its descriptors.
pub(super) fn read<M: prost::Message + Default, R>(
    reading: &Reading<'_>,
    service: &str,
    record: fn(M) -> Option<R>,
    by_hand: impl Fn(&'static File) -> Option<Vec<Sourced<R>>>,
) -> Result<Vec<Sourced<R>>> {
    let mut records = Vec::new();
    let files = format::files().iter();
    for file in files.filter(|file| file.service == service) {
        if let Some(rows) = by_hand(file) {
            records.extend(rows);
            continue;
        }
        for (origin, message) in rows(reading, file) {
            let record = record(message.transcode_to()?);
            records.extend(record.map(|record| Sourced { origin, record }));
        }
    }
    Ok(records)
}

/// Reads the rows of one file as messages of the import stream.
fn rows(reading: &Reading<'_>, file: &'static File) -> Vec<(Origin, DynamicMessage)> {
    let columns = file.columns();
    let table = reading.table(file.name(), &file.named(&columns));
    let mut above = Keys::of(file.name());
    let mut rows = Vec::new();
    for row in table.rows() {
        let key = key(file, row);
        let id = reading.id(file, &key);
        row.require(file.required_columns());
        let record = fill(reading, file, &columns, row, &id, &above);
        if let Some(column) = file.key_columns().last() {
            row.once(column, &key, &id, &mut above);
        }
        let mut names = vec![id.as_str()];
        // Other rows reference it by its code.
        if CODES.iter().any(|(_, kind)| *kind == file.kind()) {
            names.push(&key);
        }
        let mut message = DynamicMessage::new(file.place.parent_message().clone());
        message.set_field(&file.place, Value::Message(record));
        rows.push((row.origin().named(&names), message));
    }
    rows
}

/// Returns the key of a row, which is required. The notation of free texts and of keys
/// of several columns is left to the service.
pub(super) fn key(file: &File, row: Row<'_>) -> String {
    let parts = file.key_columns().iter().map(|column| row.required(column));
    let parts: Vec<&str> = parts.collect();
    let key = parts.join(":");
    if let [column] = file.key_columns()
        && ["key", "code"].contains(&column.as_str())
        && !key.is_empty()
        && !notation::is_key(&key)
    {
        row.problem(column, notation::KEY);
    }
    key
}

fn fill(
    reading: &Reading<'_>,
    file: &File,
    columns: &[Column],
    row: Row<'_>,
    id: &str,
    above: &Keys,
) -> DynamicMessage {
    let mut record = DynamicMessage::new(file.record.clone());
    record.set_field_by_name("id", Value::String(id.to_owned()));
    for column in columns {
        let code = CODES.iter().find(|(name, _)| *name == column.name);
        let value = match (&column.names, code) {
            (Some(kind), _) => {
                let known = reading.keys(kind);
                if kind == file.kind() {
                    require_above(row, &column.name, known, above);
                }
                references(row, column, known)
            }
            (None, Some((name, kind))) => Some(Value::String(reading.code(row, name, kind))),
            (None, None) => cells::value(row, column),
        };
        let Some(value) = value else { continue };
        match &column.within {
            None => record.set_field(&column.field, value),
            Some(outer) => {
                if let Some(part) = record.get_field_mut(outer).as_message_mut() {
                    part.set_field(&column.field, value);
                }
            }
        }
    }
    record
}

/// Rejects a reference to a row of the same file that isn't above: rows are imported in
/// the file's order.
fn require_above(row: Row<'_>, column: &str, known: &Keys, above: &Keys) {
    let key = row.text(column);
    // A key of no row at all is reported as unknown.
    if above.id(key).is_none() && known.id(key).is_some() {
        row.problem(column, "must be in a row above the one that references it");
    }
}

/// Returns the id of the record, or the ids of the records, whose keys are in a column.
fn references(row: Row<'_>, column: &Column, known: &Keys) -> Option<Value> {
    if !column.field.is_list() {
        let id = row.reference(&column.name, known);
        return (!id.is_empty()).then_some(Value::String(id));
    }
    let keys = cells::entries(row, &column.name)?.into_iter();
    // Collected before the check: collecting into an `Option` would stop at the first
    // unknown key, and the others would not be reported.
    let ids: Vec<Option<String>> = keys
        .map(|key| row.named(&column.name, key, known))
        .collect();
    let ids: Option<Vec<Value>> = ids.into_iter().map(|id| id.map(Value::String)).collect();
    ids.map(Value::List)
}
