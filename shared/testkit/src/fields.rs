//! Discovers the JSON fields of a type without a value of it.

use std::collections::BTreeSet;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// Returns the names of the fields that a struct serializes to, including those of
/// flattened structs. It builds a value by trial: it adds each field that deserialization
/// reports as missing, with the first sample value that the field accepts.
///
/// # Panics
/// Panics if a field accepts none of the sample values.
fn fields_of<T: Serialize + DeserializeOwned>() -> BTreeSet<String> {
    let mut record = Map::new();
    let whole = loop {
        match serde_json::from_value::<T>(Value::Object(record.clone())) {
            Ok(whole) => break whole,
            Err(error) => {
                let field = missing(&error).unwrap_or_else(|| panic!("{error}"));
                let value = taken::<T>(&record, &field);
                record.insert(field, value);
            }
        }
    };
    match serde_json::to_value(whole) {
        Ok(Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        other => panic!("no object: {other:?}"),
    }
}

/// Requires that some comma-separated lists of columns are the fields of a struct.
///
/// # Panics
/// Panics if they are not.
pub fn assert_columns_are_fields<T: Serialize + DeserializeOwned>(lists: &[&str]) {
    let columns = lists.iter().flat_map(|some| some.split(", "));
    let columns: BTreeSet<String> = columns.map(String::from).collect();
    assert_eq!(columns, fields_of::<T>(), "{}", std::any::type_name::<T>());
}

/// Returns a value that the field accepts: the error then names another field, if any.
fn taken<T: DeserializeOwned>(record: &Map<String, Value>, field: &str) -> Value {
    let values = [
        json!(1),
        json!("01900000-0000-7000-8000-000000000001"),
        json!("2022-07-28"),
        json!("2022-07-28T10:00:00Z"),
        json!(true),
        json!([]),
    ];
    let fits = |value: &&Value| {
        let mut record = record.clone();
        record.insert(field.to_owned(), (*value).clone());
        match serde_json::from_value::<T>(Value::Object(record)) {
            Ok(_) => true,
            Err(error) => missing(&error).is_some_and(|missing| missing != field),
        }
    };
    let value = values.iter().find(fits);
    value
        .unwrap_or_else(|| panic!("no value for {field}"))
        .clone()
}

fn missing(error: &serde_json::Error) -> Option<String> {
    let text = error.to_string();
    let name = text.strip_prefix("missing field `")?.split('`').next()?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Inner {
        id: uuid::Uuid,
        note: Option<String>,
    }

    #[derive(Serialize, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        tags: Vec<String>,
        count: i16,
    }

    #[test]
    fn fields_are_found_however_deep_and_optional() {
        let fields: Vec<String> = fields_of::<Outer>().into_iter().collect();
        assert_eq!(fields, ["count", "id", "note", "tags"]);
    }
}
