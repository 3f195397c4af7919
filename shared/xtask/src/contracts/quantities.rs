//! Rules on numbers, times and ranges.

use prost_reflect::{FieldDescriptor, Kind};

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, type_name},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-141/units",
        "A number's name ends in its unit, or is a known one without a unit.",
        units,
    ),
    held(
        "AIP-141/counts",
        "Counts are `<things>_count`, int32 or int64, never `num_…` or `number_of_…`.",
        counts,
    ),
    held("AIP-141/signed", "Numbers are int32 or int64.", signed),
    held(
        "house/no-floats",
        "Only coordinates are floating-point numbers.",
        no_floats,
    ),
    held(
        "house/money",
        "Amounts of money are int64 in fen: `…_fen`.",
        money,
    ),
    held(
        "AIP-142/timestamps",
        "Points in time are `Timestamp`, and those fields, no others, end in `_time`.",
        timestamps,
    ),
    held(
        "AIP-142/dates",
        "Days are `wangge.types.v1.Date`, and those fields, no others, end in `_date`.",
        dates,
    ),
    departed(
        "AIP-142/durations",
        "Durations are `google.protobuf.Duration`.",
        "People agree on whole minutes and days, and a day of a limit is not 24 hours: \
         `…_minutes`, `…_days`.",
    ),
    departed(
        "AIP-142/imperative-times",
        "Times are named in the imperative mood: `publish_time`.",
        "What the domain names is what has happened, as a state says it: `signed_in_time`. \
         Only the standard fields have their standard names.",
    ),
    departed(
        "AIP-213/date",
        "Days are `google.type.Date`.",
        "That type allows a year or a month without a day, and carries no rules; ours is a \
         complete day and is validated wherever it occurs.",
    ),
    held(
        "AIP-145/range-names",
        "Ranges are named `start_…` and `end_…`, or `first_…` and `last_…` if the end is part \
         of it.",
        range_names,
    ),
    held(
        "AIP-145/pairs",
        "A message with the start of a range has its end, with the same type, and the reverse.",
        pairs,
    ),
    held(
        "AIP-145/half-open",
        "The comment of an `end_date` of a record says that it is the first day after the range.",
        half_open,
    ),
];

fn is_number(field: &FieldDescriptor) -> bool {
    let kind = field.kind();
    let not_numbers = [Kind::Bool, Kind::String, Kind::Bytes];
    !not_numbers.contains(&kind) && kind.as_message().is_none() && kind.as_enum().is_none()
}

/// Units that names of numbers end in.
const UNITS: &[&str] = &["count", "days", "fen", "hours", "minute", "minutes", "size"];

/// Numbers without a unit: identities, orders, levels, parts of a date, coordinates, and
/// numbers whose unit another field states.
const UNITLESS: &[&str] = &[
    "amount",
    "capacity",
    "computed_value",
    "day",
    "definition_version",
    "escalation_level",
    "latitude",
    "longitude",
    "month",
    "position",
    "revision",
    "row_number",
    "score",
    "value",
    "year",
];

fn units(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(
        contracts.fields.iter().filter(|field| is_number(field)),
        |field| {
            let last = field.name().rsplit('_').next().unwrap_or_default();
            let known = UNITS.contains(&last) || UNITLESS.contains(&field.name());
            (!known).then(|| "is a number without a unit".to_owned())
        },
    )
}

fn counts(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let name = field.name();
        if name.starts_with("num_") || name.starts_with("number_of_") {
            return Some("is a count that is not named `…_count`".to_owned());
        }
        let is_count = name.ends_with("_count");
        let is_whole = [Kind::Int32, Kind::Int64].contains(&field.kind());
        (is_count && !is_whole).then(|| "is a count, but not a whole number".to_owned())
    })
}

fn signed(contracts: &Contracts) -> Vec<Violation> {
    let usual = [Kind::Int32, Kind::Int64, Kind::Float, Kind::Double];
    contracts.each(
        contracts.fields.iter().filter(|field| is_number(field)),
        |field| {
            let kind = field.kind();
            (!usual.contains(&kind)).then(|| format!("is {kind:?}").to_lowercase())
        },
    )
}

fn no_floats(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let is_float = [Kind::Float, Kind::Double].contains(&field.kind());
        let is_coordinate = ["longitude", "latitude"].contains(&field.name());
        (is_float && !is_coordinate).then(|| "is a floating-point number".to_owned())
    })
}

fn money(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let name = field.name();
        let words: Vec<&str> = name.split('_').collect();
        let is_fen = words.last() == Some(&"fen");
        let is_money = ["price", "cost", "fee", "money", "cny", "yuan", "salary"]
            .iter()
            .any(|word| words.contains(word));
        if is_fen && field.kind() != Kind::Int64 {
            return Some("is an amount in fen, but not int64".to_owned());
        }
        (is_money && is_number(field) && !is_fen).then(|| "is money, but not `…_fen`".to_owned())
    })
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";
/// Full name of our type for days.
pub(super) const DATE: &str = "wangge.types.v1.Date";

/// Compares a type with the suffix of the fields that have it.
fn typed(field: &FieldDescriptor, wanted: &str, suffix: &str) -> Option<String> {
    let is_typed = type_name(field) == wanted;
    let is_suffixed = field.name().ends_with(&format!("_{suffix}"));
    match (is_typed, is_suffixed) {
        (true, false) => Some(format!("is a {wanted}, but does not end in `_{suffix}`")),
        (false, true) => Some(format!("ends in `_{suffix}`, but is not a {wanted}")),
        _ => None,
    }
}

fn timestamps(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| typed(field, TIMESTAMP, "time"))
}

fn dates(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| typed(field, DATE, "date"))
}

/// Returns true for a day or a point in time.
pub(super) fn is_moment(field: &FieldDescriptor) -> bool {
    [TIMESTAMP, DATE].contains(&type_name(field).as_str())
}

fn range_names(contracts: &Contracts) -> Vec<Violation> {
    let starts = ["begin_", "from_", "since_", "start_"];
    let ends = ["end_", "finish_", "stop_", "till_", "to_", "until_"];
    let moments = contracts.fields.iter().filter(|field| is_moment(field));
    contracts.each(moments, |field| {
        let message = field.parent_message();
        let (start, rest) = starts
            .iter()
            .find_map(|start| Some((*start, field.name().strip_prefix(start)?)))?;
        let has = |end: &&&str| message.get_field_by_name(&format!("{end}{rest}")).is_some();
        let end = *ends.iter().find(has)?;
        ((start, end) != ("start_", "end_"))
            .then(|| format!("is the start of a range: `{start}`, `{end}`"))
    })
}

/// Names of ends, by the names of starts.
const PAIRS: &[(&str, &str)] = &[("start_", "end_"), ("first_", "last_")];

/// Returns the name of a range's end for the name of its start, and the reverse.
pub(super) fn counterpart(name: &str) -> Option<String> {
    let pairs = PAIRS
        .iter()
        .flat_map(|(start, end)| [(start, end), (end, start)]);
    pairs
        .filter_map(|(one, other)| Some(format!("{other}{}", name.strip_prefix(one)?)))
        .next()
}

fn pairs(contracts: &Contracts) -> Vec<Violation> {
    let fields = contracts
        .fields
        .iter()
        .filter(|field| is_moment(field) || is_number(field));
    contracts.each(fields, |field| {
        let message = field.parent_message();
        let name = field.name();
        // Ends a record, whose start is known.
        if message.name().starts_with("End") && message.name().ends_with("Request") {
            return None;
        }
        let counterpart = counterpart(name)?;
        match message.get_field_by_name(&counterpart) {
            Some(other) if other.kind() == field.kind() => None,
            Some(_) => Some(format!("has another type than {counterpart}")),
            None => Some(format!("has no {counterpart} beside it")),
        }
    })
}

fn half_open(contracts: &Contracts) -> Vec<Violation> {
    let records = contracts.records();
    let ends: Vec<_> = records
        .filter_map(|record| record.get_field_by_name("end_date"))
        .collect();
    contracts.each(&ends, |field| {
        let comment = contracts.prose(field);
        (!comment.starts_with("First day")).then(|| "does not begin with \"First day\"".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, add, change, prove};

    const EXAMPLES: &[Example] = &[
        add("AIP-141/units", "message A { int32 length = 1; }"),
        add("AIP-141/counts", "message A { int32 num_pages = 1; }"),
        add("AIP-141/counts", "message A { double page_count = 1; }"),
        add("AIP-141/signed", "message A { uint32 page_count = 1; }"),
        add("house/no-floats", "message A { double share_size = 1; }"),
        change("house/money", "int64 price_fen = 7", "int32 price_fen = 7"),
        add("house/money", "message A { int64 price = 1; }"),
        change(
            "AIP-142/timestamps",
            "google.protobuf.Timestamp create_time",
            "google.protobuf.Timestamp created",
        ),
        add("AIP-142/timestamps", "message A { string shown_time = 1; }"),
        change(
            "AIP-142/dates",
            "wangge.types.v1.Date start_date",
            "wangge.types.v1.Date start_day",
        ),
        add("AIP-142/dates", "message A { int32 shown_date = 1; }"),
        add(
            "AIP-145/range-names",
            "message A { wangge.types.v1.Date from_date = 1; wangge.types.v1.Date until_date = 2; }",
        ),
        add(
            "AIP-145/pairs",
            "message A { wangge.types.v1.Date start_date = 1; }",
        ),
        add(
            "AIP-145/pairs",
            "message A { int32 start_minute = 1; int64 end_minute = 2; }",
        ),
        change(
            "AIP-145/half-open",
            "// First day on which it is no longer shown; unset",
            "// Last day; unset",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
