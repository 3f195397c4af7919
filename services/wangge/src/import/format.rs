//! The files of the format, as the contracts declare them: an option at each kind of
//! record in an import stream names the file with the kind's rows, and the record's
//! fields are its columns. Reads no rows.

use std::sync::{Arc, LazyLock};

use anyhow::{Context as _, Result, anyhow};
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, Value};
use wangge_api::options::v1::File as Declared;

use super::columns::Columns;

/// The services, in the order in which their files are imported.
const SERVICES: [&str; 3] = ["organization", "tickets", "volunteers"];
/// Columns that reference a record by its code instead of its id, each with the record's
/// kind. Folders needn't contain these records: they may be on the platform already.
pub(super) const CODES: [(&str, &str); 2] = [("area_code", "area"), ("category_code", "category")];

static FILES: LazyLock<Result<Vec<File>, String>> =
    LazyLock::new(|| declared().map_err(|error| format!("{error:#}")));

/// A file whose rows are records of one kind.
#[derive(Debug)]
pub(super) struct File {
    /// Service that imports the records.
    pub(super) service: &'static str,
    /// Field of the import stream's message that contains the record.
    pub(super) place: FieldDescriptor,
    /// Type of the record.
    pub(super) record: MessageDescriptor,
    declared: Declared,
}

/// A column and the field that it sets.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) field: FieldDescriptor,
    /// Field of the record that contains `field`, if that isn't the record's own.
    pub(super) within: Option<FieldDescriptor>,
    /// Kind of the record that the field references, if it is a reference.
    pub(super) names: Option<String>,
}

/// Checks that the contracts could be decoded. Without them, no file is known.
///
/// # Errors
/// Returns the reason why they couldn't.
pub(super) fn check() -> Result<()> {
    let result = FILES.as_ref();
    result.map(|_| ()).map_err(|why| anyhow!(why.clone()))
}

/// Returns the files with records, in the order in which they can be imported.
pub(super) fn files() -> &'static [File] {
    FILES.as_deref().unwrap_or_default()
}

/// Decodes the files from the descriptors that are compiled into the tool.
fn declared() -> Result<Vec<File>> {
    let pool = DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET)?;
    let mut files = Vec::new();
    for service in SERVICES {
        let name = format!("wangge.{service}.v1.ImportRecordsRequest");
        let stream = pool.get_message_by_name(&name);
        let stream = stream.with_context(|| format!("the contracts have no message {name}"))?;
        for place in stream.fields() {
            if let (Some(Value::Message(file)), Kind::Message(record)) =
                (option(&place, "file"), place.kind())
            {
                let mut declared: Declared = file.transcode_to()?;
                if declared.key_columns.is_empty() {
                    declared.key_columns.push("key".to_owned());
                }
                files.push(File {
                    service,
                    place,
                    record,
                    declared,
                });
            }
        }
    }
    Ok(files)
}

/// Returns the value of one of our options of a field, if it is set.
fn option(field: &FieldDescriptor, name: &str) -> Option<Value> {
    let options = field.options();
    let mut set = options.extensions();
    let name = format!("wangge.options.v1.{name}");
    set.find(|(option, _)| option.full_name() == name)
        .map(|(_, value)| value.clone())
}

impl File {
    /// Returns the name of the file.
    pub(super) fn name(&self) -> &str {
        &self.declared.name
    }

    /// Returns the kind of its records.
    pub(super) fn kind(&self) -> &str {
        self.place.name()
    }

    /// Returns the columns that together identify a row.
    pub(super) fn key_columns(&self) -> &[String] {
        &self.declared.key_columns
    }

    /// Returns the other columns that must not be empty.
    pub(super) fn required_columns(&self) -> &[String] {
        &self.declared.required_columns
    }

    /// Returns true if the key identifies the record on the whole platform.
    pub(super) fn is_shared(&self) -> bool {
        self.declared.shared
    }

    /// Returns the columns that set fields: those of the record without its id and
    /// without what the service sets.
    pub(super) fn columns(&self) -> Vec<Column> {
        // `source_message_id` is set only by bridges to chat systems; a row of a file is
        // identified by its key.
        let unset = ["id", "revision", "etag", "source_message_id"];
        let fields = self.record.fields().filter(|field| {
            !unset.contains(&field.name()) && option(field, "output_only").is_none()
        });
        fields.flat_map(columns_of).collect()
    }

    /// Returns all columns with the names of the fields that they set, so that a violation
    /// of a field is reported at its column.
    pub(super) fn named(&self, columns: &[Column]) -> Arc<Columns> {
        // Most files have an area in each row, so a key's other column distinguishes them.
        let mut keys = self.key_columns().iter().map(String::as_str);
        let key = keys.find(|column| *column != "area_code").unwrap_or("key");
        let others = columns.iter().map(|column| column.name.as_str());
        let names: Vec<&str> = std::iter::once(key)
            .chain(others.filter(|name| *name != key))
            .collect();
        let paths: Vec<String> = columns.iter().map(Column::path).collect();
        let fields = paths.iter().map(String::as_str).zip(columns);
        let fields: Vec<(&str, &str)> = std::iter::once(("id", key))
            .chain(fields.map(|(path, column)| (path, column.name.as_str())))
            .filter(|(field, column)| field != column)
            .collect();
        Columns::of(&names, &fields)
    }
}

impl Column {
    /// Returns the path of the field in the record.
    fn path(&self) -> String {
        let field = self.field.name();
        let within = self.within.as_ref();
        within.map_or_else(
            || field.to_owned(),
            |outer| format!("{}.{field}", outer.name()),
        )
    }
}

/// Returns the column of a field; several for a message of ours, each with the message's
/// name before its own: `limit_amount` for the amount of a `Limit`.
fn columns_of(field: FieldDescriptor) -> Vec<Column> {
    let parts = match field.kind() {
        Kind::Message(message) if !field.is_list() && !is_value(&message) => message,
        _ => return vec![column_of(field)],
    };
    let prefix = snake(parts.name());
    let columns = parts.fields().map(|part| Column {
        name: format!("{prefix}_{}", part.name()),
        field: part,
        within: Some(field.clone()),
        names: None,
    });
    columns.collect()
}

fn column_of(field: FieldDescriptor) -> Column {
    let names = option(&field, "names");
    let names = names.and_then(|kind| kind.as_str().map(str::to_owned));
    let plural = if field.is_list() { "s" } else { "" };
    let stem = field.name().strip_suffix(&format!("_id{plural}"));
    // A reference is written as the key of the row that it references.
    let mut files = files().iter();
    let named = files.find(|file| names.as_deref() == Some(file.kind()));
    let key = named.and_then(|file| file.key_columns().first());
    let name = match (stem, key) {
        (Some(stem), Some(key)) => format!("{stem}_{key}{plural}"),
        // Files had this column before the contract had the field's name.
        _ if field.name() == "create_time" => "created_time".to_owned(),
        _ => field.name().to_owned(),
    };
    Column {
        name,
        field,
        within: None,
        names,
    }
}

/// Returns true for the messages that are written in one cell.
fn is_value(message: &MessageDescriptor) -> bool {
    ["wangge.types.v1.Date", "google.protobuf.Timestamp"].contains(&message.full_name())
}

/// Converts a name to snake case: `NeedKind` becomes `need_kind`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(kind: &str) -> Vec<String> {
        let file = files().iter().find(|file| file.kind() == kind);
        let file = file.expect("a kind");
        file.named(&file.columns()).names().to_vec()
    }

    #[test]
    fn columns_are_the_fields_that_a_sender_fills() {
        assert_eq!(
            columns("household"),
            ["key", "building_key", "room", "start_date", "end_date"]
        );
        assert_eq!(
            columns("category"),
            ["code", "name", "limit_kind", "limit_amount"]
        );
        assert_eq!(
            columns("responsibility"),
            ["category_code", "area_code", "unit_code"]
        );
    }

    #[test]
    fn a_file_references_only_files_before_it() {
        check().expect("contracts");
        for (number, file) in files().iter().enumerate() {
            for column in file.columns() {
                let Some(kind) = column.names else { continue };
                let place = files().iter().position(|other| other.kind() == kind);
                let place = place.unwrap_or_else(|| panic!("{kind} has no file"));
                // References to another service's records are checked there, if at all.
                let is_other = files()[place].service != file.service;
                assert!(place <= number || is_other, "{} before {kind}", file.kind());
            }
        }
    }

    #[test]
    fn names_of_the_contract_are_written_in_small_letters() {
        assert_eq!(snake("NeedKind"), "need_kind");
        assert_eq!(snake("Post"), "post");
    }
}
