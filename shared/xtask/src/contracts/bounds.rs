//! Rules on bounds: nothing that a caller can send is unlimited. Output-only fields are
//! ignored where they are received, so they need none.

use prost_reflect::{FieldDescriptor, Kind};

use super::{
    Rule,
    constraints::Constraints,
    held,
    model::{Contracts, Violation},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "house/bounded-texts",
        "A text that a caller can send has a maximum length, or a form that implies one.",
        bounded_texts,
    ),
    held(
        "house/bounded-bytes",
        "Bytes that a caller can send have a maximum length.",
        bounded_bytes,
    ),
    held(
        "AIP-144/bounded-lists",
        "Lists that a caller can send have a maximum length.",
        bounded_lists,
    ),
    held(
        "house/bounded-numbers",
        "A number that a caller can send has a minimum and a maximum; `page_size` excepted, \
         which is coerced.",
        bounded_numbers,
    ),
    held(
        "AIP-126/defined-only",
        "Enums that a caller can send accept defined values only.",
        defined_only,
    ),
    held("house/finite", "Floating-point numbers are finite.", finite),
    held(
        "house/whole-patterns",
        "Patterns match the whole text: they begin with `^` and end with `$`.",
        whole_patterns,
    ),
    held(
        "AIP-210/characters",
        "Limits of texts count characters (`max_len`), not bytes.",
        characters,
    ),
    held(
        "house/counts-from-zero",
        "A count that a caller can send is not negative.",
        counts_from_zero,
    ),
    held(
        "house/rules-of-type",
        "No rule is ignored always, and none is switched off.",
        rules_of_type,
    ),
];

/// Returns the rules for the field's value, or for each item of a list.
fn of_value(contracts: &Contracts, field: &FieldDescriptor) -> Constraints {
    let rules = contracts.rules(field);
    if field.is_list() {
        rules.items()
    } else {
        rules
    }
}

/// Returns the fields of a kind that a caller can send.
fn sent(contracts: &Contracts, is: impl Fn(&Kind) -> bool) -> Vec<FieldDescriptor> {
    let fields = contracts.sent_fields().filter(|field| is(&field.kind()));
    fields.cloned().collect()
}

fn bounded_texts(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&sent(contracts, |kind| *kind == Kind::String), |field| {
        let rules = of_value(contracts, field);
        let limits = [
            "max_len",
            "len",
            "max_bytes",
            "len_bytes",
            "const",
            "uuid",
            "tuuid",
        ];
        let is_limited = limits
            .iter()
            .any(|limit| rules.has(&format!("string.{limit}")))
            || !rules.texts("string.in").is_empty();
        let pattern = rules.text("string.pattern");
        let is_bounded = is_limited || pattern.is_some_and(|pattern| is_bounded(&pattern));
        (!is_bounded).then(|| "has no maximum length".to_owned())
    })
}

/// Returns true if a pattern repeats nothing without a limit.
fn is_bounded(pattern: &str) -> bool {
    let mut letters = pattern.chars();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '*' | '+' if !in_class => return false,
            '{' if !in_class => {
                let range: String = letters.by_ref().take_while(|c| *c != '}').collect();
                if range.ends_with(',') {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

fn bounded_bytes(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&sent(contracts, |kind| *kind == Kind::Bytes), |field| {
        let rules = of_value(contracts, field);
        let is_limited = rules.has("bytes.max_len") || rules.has("bytes.len");
        (!is_limited).then(|| "has no maximum length".to_owned())
    })
}

fn bounded_lists(contracts: &Contracts) -> Vec<Violation> {
    let lists = contracts.sent_fields().filter(|field| field.is_list());
    contracts.each(lists, |field| {
        let is_limited = contracts.rules(field).has("repeated.max_items");
        (!is_limited).then(|| "has no maximum number of items".to_owned())
    })
}

/// Returns the name of a number's rules.
fn number(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Int32 => Some("int32"),
        Kind::Int64 => Some("int64"),
        Kind::Float => Some("float"),
        Kind::Double => Some("double"),
        _ => None,
    }
}

/// Returns the smallest value that rules accept, and the largest.
fn limits(rules: &Constraints, kind: &Kind) -> (Option<f64>, Option<f64>) {
    let Some(name) = number(kind) else {
        return (None, None);
    };
    let of = |rules_named: [&str; 2]| {
        let mut named = rules_named.iter();
        named.find_map(|rule| rules.number(&format!("{name}.{rule}")))
    };
    (of(["gte", "gt"]), of(["lte", "lt"]))
}

fn bounded_numbers(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&sent(contracts, |kind| number(kind).is_some()), |field| {
        let is_excepted = field.name() == "page_size";
        let (least, most) = limits(&of_value(contracts, field), &field.kind());
        (!is_excepted && (least.is_none() || most.is_none()))
            .then(|| "has no minimum or no maximum".to_owned())
    })
}

fn defined_only(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&sent(contracts, |kind| kind.as_enum().is_some()), |field| {
        let is_checked = of_value(contracts, field).is("enum.defined_only");
        (!is_checked).then(|| "accepts undefined values".to_owned())
    })
}

fn finite(contracts: &Contracts) -> Vec<Violation> {
    let floats = sent(contracts, |kind| [Kind::Float, Kind::Double].contains(kind));
    contracts.each(&floats, |field| {
        let rules = of_value(contracts, field);
        let is_finite = rules.is("double.finite") || rules.is("float.finite");
        (!is_finite).then(|| "may be infinite or NaN".to_owned())
    })
}

fn whole_patterns(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let pattern = of_value(contracts, field).text("string.pattern")?;
        let is_whole = pattern.starts_with('^') && pattern.ends_with('$');
        (!is_whole).then(|| format!("`{pattern}` matches a part of the text"))
    })
}

fn characters(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let rules = of_value(contracts, field);
        let in_bytes = ["max_bytes", "min_bytes", "len_bytes"];
        let counted = in_bytes
            .iter()
            .any(|rule| rules.has(&format!("string.{rule}")));
        counted.then(|| "is limited in bytes".to_owned())
    })
}

fn counts_from_zero(contracts: &Contracts) -> Vec<Violation> {
    let counts = contracts
        .sent_fields()
        .filter(|field| field.name().ends_with("_count"));
    contracts.each(counts, |field| {
        let (least, _) = limits(&of_value(contracts, field), &field.kind());
        let may_be_negative = least.is_none_or(|least| least < 0.0);
        may_be_negative.then(|| "may be negative".to_owned())
    })
}

/// Number of `IGNORE_ALWAYS`.
const IGNORE_ALWAYS: i32 = 3;

fn rules_of_type(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let ignore = contracts.rules(field).get("ignore");
        let always = ignore.and_then(|value| value.as_enum_number()) == Some(IGNORE_ALWAYS);
        always.then(|| "ignores its rules".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "house/bounded-texts",
            "string title = 2 [(buf.validate.field).string.max_len = 100]",
            "string title = 2",
        ),
        change(
            "house/bounded-texts",
            "pattern = \"^[0-9]{0,32}$\"",
            "pattern = \"^[0-9]*$\"",
        ),
        change("house/bounded-texts", "        max_len: 50\n", ""),
        change(
            "house/bounded-bytes",
            " [(buf.validate.field).bytes.max_len = 1000]",
            "",
        ),
        change("AIP-144/bounded-lists", "    max_items: 10\n", ""),
        change("house/bounded-numbers", "    lte: 1000\n", ""),
        change("house/bounded-numbers", "    gte: 0\n", ""),
        change(
            "AIP-126/defined-only",
            "NoticeState state = 4 [(buf.validate.field).enum.defined_only = true]",
            "NoticeState state = 4",
        ),
        change("house/finite", "    finite: true\n", ""),
        change(
            "house/whole-patterns",
            "pattern = \"^[0-9]{0,32}$\"",
            "pattern = \"[0-9]{0,32}\"",
        ),
        change(
            "AIP-210/characters",
            "string.max_len = 2000",
            "string.max_bytes = 2000",
        ),
        change("house/counts-from-zero", "    gte: 0\n", "    gte: -1\n"),
        change(
            "house/rules-of-type",
            "string.max_len = 2000,",
            "string.max_len = 2000,\n    (buf.validate.field).ignore = IGNORE_ALWAYS,",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }

    #[test]
    fn a_pattern_is_bounded_if_nothing_in_it_repeats_without_limit() {
        for pattern in ["^[0-9]{0,32}$", "^([0-9]{2,8})?$", "^[a*+]{1}$", "^\\*$"] {
            assert!(is_bounded(pattern), "{pattern}");
        }
        for pattern in ["^[0-9]*$", "^a+$", "^[0-9]{2,}$"] {
            assert!(!is_bounded(pattern), "{pattern}");
        }
    }
}
