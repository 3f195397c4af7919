//! Reads protovalidate's rules from the options of a field or a message. It does not
//! judge them.

use prost_reflect::{DynamicMessage, Value};

use super::model::text;

/// A rule written in CEL. Its id is `<name>/<field>`: what a violation names, and the path
/// of the field at which it is reported, from the message that the rule is about.
#[derive(Debug, Clone)]
pub(crate) struct Cel {
    pub id: String,
    pub message: String,
    pub expression: String,
}

impl Cel {
    /// Returns the part of the id that names the rule.
    pub(crate) fn name(&self) -> &str {
        self.id.split_once('-').map_or(&self.id, |(name, _)| name)
    }

    /// Returns the path of the field; empty if the id has none.
    pub(crate) fn field(&self) -> &str {
        self.id.split_once('-').map_or("", |(_, field)| field)
    }

    /// Returns true if the expression reads a field, by its path.
    pub(crate) fn reads(&self, path: &str) -> bool {
        self.expression.contains(&format!("this.{path}"))
    }
}

/// The protovalidate rules of one field, list item or message; empty if it has none.
#[derive(Debug, Default)]
pub(crate) struct Constraints(Option<DynamicMessage>);

impl Constraints {
    /// Wraps the value of `buf.validate.field` or `buf.validate.message`.
    pub(crate) fn of(value: Option<Value>) -> Self {
        Self(value.and_then(|value| value.as_message().cloned()))
    }

    /// Returns the value of a rule, by its path: `string.max_len`. None if it is not set.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut message = self.0.clone()?;
        for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
            message = present(&message, parent)?.as_message()?.clone();
        }
        present(&message, last)
    }

    /// Returns true if a rule is set.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Returns true if a rule is set to true.
    pub(crate) fn is(&self, path: &str) -> bool {
        self.get(path).and_then(|value| value.as_bool()) == Some(true)
    }

    /// Returns the number that a rule is set to.
    pub(crate) fn number(&self, path: &str) -> Option<f64> {
        let value = self.get(path)?;
        // Bounds are far below the 2^53 up to which a float is exact.
        #[allow(clippy::cast_precision_loss)]
        let number = match value {
            Value::I32(number) => f64::from(number),
            Value::I64(number) => number as f64,
            Value::U32(number) => f64::from(number),
            Value::U64(number) => number as f64,
            Value::F32(number) => f64::from(number),
            Value::F64(number) => number,
            _ => return None,
        };
        Some(number)
    }

    /// Returns the text that a rule is set to.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.get(path)?.as_str().map(str::to_owned)
    }

    /// Returns the texts of a list that a rule is set to.
    pub(crate) fn texts(&self, path: &str) -> Vec<String> {
        let value = self.get(path);
        let list = value.as_ref().and_then(Value::as_list).unwrap_or_default();
        let texts = list.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// Returns the rules for the items of a list.
    pub(crate) fn items(&self) -> Self {
        Self::of(self.get("repeated.items"))
    }

    /// Returns the rules that are written in CEL.
    pub(crate) fn cel(&self) -> Vec<Cel> {
        let value = self.get("cel");
        let list = value.as_ref().and_then(Value::as_list).unwrap_or_default();
        let rules = list.iter().filter_map(Value::as_message);
        let part = |rule: &DynamicMessage, name: &str| text(rule, name).unwrap_or_default();
        rules
            .map(|rule| Cel {
                id: part(rule, "id"),
                message: part(rule, "message"),
                expression: part(rule, "expression"),
            })
            .collect()
    }

    /// Returns the CEL rules with a name, by the paths of the fields that they are about.
    pub(crate) fn cel_of(&self, name: &str) -> Vec<(String, Cel)> {
        let rules = self.cel().into_iter();
        rules
            .filter(|rule| rule.name() == name)
            .map(|rule| (rule.field().to_owned(), rule))
            .collect()
    }
}

fn present(message: &DynamicMessage, field: &str) -> Option<Value> {
    message
        .has_field_by_name(field)
        .then(|| {
            message
                .get_field_by_name(field)
                .map(std::borrow::Cow::into_owned)
        })
        .flatten()
}
