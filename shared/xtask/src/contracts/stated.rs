//! Rules that compare the limits which comments state with those that are checked.

use prost_reflect::{FieldDescriptor, Kind};

use super::{
    Rule,
    constraints::Constraints,
    creation::required,
    held,
    model::{Contracts, Violation},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "house/stated-maximum",
        "The maximum that a comment states (\"1 to 100 characters\", \"at most 20\") is the one \
         that is checked.",
        stated_maximum,
    ),
    held(
        "house/stated-minimum",
        "The minimum that a comment states is checked, by the field's rules or by a rule that \
         requires it at creation, unless the comment says when it is empty.",
        stated_minimum,
    ),
    held(
        "house/limits-stated",
        "The comment of a free text that a caller can send states its maximum length.",
        limits_stated,
    ),
    held(
        "house/required-stated",
        "The comment of a field of a verb that says \"required\" is checked, and the reverse \
         holds for its texts: what has a minimum length states it.",
        required_stated,
    ),
];

/// A limit that a comment states.
#[derive(Debug, PartialEq)]
struct Limit {
    least: Option<f64>,
    most: f64,
    /// Of each item, not of the field.
    each: bool,
    /// The word that follows.
    unit: String,
}

/// Reads the first limit of a comment: "1 to 100 characters", "up to 500 characters", "at
/// most 20", "each 1 to 50 characters".
fn limit(comment: &str) -> Option<Limit> {
    let words: Vec<&str> = comment.split_whitespace().collect();
    (0..words.len()).find_map(|at| {
        let word = |offset: usize| words.get(at + offset).copied().unwrap_or_default();
        let before = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .copied();
        let (least, end) = match (number(word(0)), word(0), word(1)) {
            (Some(least), _, "to") => (Some(least), 2),
            (None, "up" | "Up", "to") | (None, "at" | "At", "most") => (None, 2),
            _ => return None,
        };
        let most = number(word(end))?;
        let ends = word(end).ends_with([',', '.', ';', ':', ')']);
        let unit = if ends { "" } else { word(end + 1) };
        let unit = unit
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned();
        let each = before == Some("each");
        Some(Limit {
            least,
            most,
            each,
            unit,
        })
    })
}

/// Reads a number as comments write it: `2,000`, `−180`, `10^13`.
fn number(word: &str) -> Option<f64> {
    let word = word.trim_end_matches([',', '.', ';', ':', ')']);
    let word = word.replace(',', "").replace('−', "-");
    if let Some((base, power)) = word.split_once('^') {
        return Some(base.parse::<f64>().ok()?.powi(power.parse().ok()?));
    }
    word.parse().ok()
}

/// The limits that are checked at a field, in the sense in which its comment states one.
struct Checked {
    least: Option<f64>,
    most: Option<f64>,
}

/// Returns what is checked where a comment states a limit. None if the statement is about
/// something else: days, hours, digits.
fn checked(field: &FieldDescriptor, rules: &Constraints, limit: &Limit) -> Option<Checked> {
    let kind = field.kind();
    let rules_of_items = rules.items();
    let (rules, name) = match kind {
        Kind::String if limit.unit == "characters" && limit.each => (&rules_of_items, "string"),
        Kind::String if limit.unit == "characters" && !field.is_list() => (rules, "string"),
        _ if field.is_list() && !limit.each && limit.unit.is_empty() => (rules, "repeated"),
        Kind::Int32 if limit.unit.is_empty() => (rules, "int32"),
        Kind::Int64 if limit.unit.is_empty() => (rules, "int64"),
        Kind::Double if limit.unit.is_empty() => (rules, "double"),
        _ => return None,
    };
    let (least, most) = match name {
        "string" => ("min_len", "max_len"),
        "repeated" => ("min_items", "max_items"),
        _ => ("gte", "lte"),
    };
    Some(Checked {
        least: rules.number(&format!("{name}.{least}")),
        most: rules.number(&format!("{name}.{most}")),
    })
}

/// Returns what is stated and what is checked at a field that a caller can send.
fn compared(contracts: &Contracts, field: &FieldDescriptor) -> Option<(Limit, Checked)> {
    let limit = limit(&contracts.prose(field))?;
    let checked = checked(field, &contracts.rules(field), &limit)?;
    Some((limit, checked))
}

fn stated_maximum(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.sent_fields(), |field| {
        let (limit, checked) = compared(contracts, field)?;
        if checked.most.is_none() && contracts.rules(field).has("string.pattern") {
            return None;
        }
        (checked.most != Some(limit.most)).then(|| match checked.most {
            Some(most) => format!("states at most {}, but {most} is checked", limit.most),
            None => format!("states at most {}, which is not checked", limit.most),
        })
    })
}

fn stated_minimum(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.sent_fields(), |field| {
        let (limit, checked) = compared(contracts, field)?;
        let least = limit.least.filter(|least| *least != 0.0)?;
        let comment = contracts.prose(field);
        let is_optional = ["empty", "0 until", "0 if", "0 for", "unless"]
            .iter()
            .any(|word| comment.contains(word));
        let message = field.parent_message();
        let is_required = required(contracts, message.full_name()).contains(field.name());
        let is_checked = checked.least == Some(least);
        (!is_checked && !is_required && !is_optional
            || checked.least.is_some_and(|one| one > least))
        .then(|| format!("states at least {least}, which is not checked"))
    })
}

fn limits_stated(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.sent_fields(), |field| {
        let name = field.name();
        let is_opaque = name == "etag" || name.ends_with("_token") || name.ends_with("_id");
        let rules = contracts.rules(field);
        let rules = if field.is_list() {
            rules.items()
        } else {
            rules
        };
        if is_opaque || rules.has("string.pattern") {
            return None;
        }
        let most = rules.number("string.max_len")?;
        let stated = limit(&contracts.prose(field));
        let is_stated = stated.is_some_and(|limit| limit.unit == "characters");
        (!is_stated).then(|| format!("does not state its maximum of {most} characters"))
    })
}

fn required_stated(contracts: &Contracts) -> Vec<Violation> {
    let requests = contracts.methods.iter().filter(|method| {
        ["Create", "Update"]
            .iter()
            .all(|verb| super::model::noun(method, verb).is_none())
    });
    let fields: Vec<FieldDescriptor> = requests
        .flat_map(|method| method.input().fields().collect::<Vec<_>>())
        .collect();
    contracts.each(&fields, |field| {
        let rules = contracts.rules(field);
        let is_said = contracts.prose(field).ends_with("; required.");
        let is_checked = rules.is("required")
            || rules
                .number("string.min_len")
                .is_some_and(|least| least >= 1.0)
            || rules.get("enum.not_in").is_some()
            || rules.is("string.uuid")
            || rules.number("repeated.min_items").is_some();
        if is_said && !is_checked {
            return Some("is said to be required, but not checked".to_owned());
        }
        let least = rules
            .number("string.min_len")
            .filter(|least| *least > 0.0)?;
        let stated = limit(&contracts.prose(field)).and_then(|limit| limit.least);
        (stated != Some(least)).then(|| format!("does not state its minimum of {least} characters"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "house/stated-maximum",
            "// Title, 1 to 100 characters.",
            "// Title, 1 to 200 characters.",
        ),
        change(
            "house/stated-maximum",
            "// Ids of the notices, at most 1000.",
            "// Ids of the notices, at most 100.",
        ),
        change(
            "house/stated-maximum",
            "copies, 1 to 1000.",
            "copies, 1 to 2000.",
        ),
        change(
            "house/stated-maximum",
            "each 1 to 50 characters",
            "each 1 to 60 characters",
        ),
        change(
            "house/stated-minimum",
            "information, up to 2,000 characters",
            "information, 1 to 2,000 characters",
        ),
        change(
            "house/stated-minimum",
            "// Reason, 1 to 500 characters.",
            "// Reason, 2 to 500 characters.",
        ),
        change(
            "house/stated-minimum",
            "id: \"required-copy_count\"",
            "id: \"needed-copy_count\"",
        ),
        change(
            "house/limits-stated",
            "// Title, 1 to 100 characters.",
            "// Title of the notice.",
        ),
        change(
            "house/required-stated",
            "// Only notices of this area.",
            "// Area of the notices; required.",
        ),
        change(
            "house/required-stated",
            "// Reason, 1 to 500 characters.",
            "// Reason, up to 500 characters.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }

    #[test]
    fn limits_are_read_from_comments() {
        let read = |comment: &str| {
            limit(comment).map(|limit| (limit.least, limit.most, limit.each, limit.unit))
        };
        let characters = "characters".to_owned();
        let of = |least, most, each, unit: &str| Some((least, most, each, unit.to_owned()));
        assert_eq!(
            read("Name, 1 to 100 characters."),
            of(Some(1.0), 100.0, false, "characters")
        );
        assert_eq!(
            read("Text, up to 2,000 characters."),
            of(None, 2000.0, false, &characters)
        );
        assert_eq!(read("Units, at most 20."), of(None, 20.0, false, ""));
        assert_eq!(
            read("Skills, each 1 to 50 characters."),
            of(Some(1.0), 50.0, true, "characters")
        );
        assert_eq!(
            read("Degrees, −180 to 180. East."),
            of(Some(-180.0), 180.0, false, "")
        );
        assert_eq!(read("Amount, 1 to 10^13."), of(Some(1.0), 1e13, false, ""));
        assert_eq!(read("Ends at 3, at the end."), None);
    }
}
