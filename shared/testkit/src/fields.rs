//! The fields of a type that is written as JSON, found without knowing one.

use std::collections::BTreeSet;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// Names of the fields with which a struct is written, those of structs that are
/// flattened into it among them. It is made of values that its fields take, which
/// are found by trying.
///
/// # Panics
/// When a field takes none of them.
pub fn fields_of<T: Serialize + DeserializeOwned>() -> BTreeSet<String> {
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

/// A value that a field takes: then it is no more the field that is missed.
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
