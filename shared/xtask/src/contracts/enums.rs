//! Rules on enums and on states.

use std::collections::HashMap;

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, type_name},
    names::{is_camel, snake},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-126/unspecified",
        "The first value of an enum is `<ENUM>_UNSPECIFIED` with the number 0.",
        unspecified,
    ),
    held(
        "AIP-126/prefix",
        "Values are in upper snake case and begin with the enum's name.",
        prefix,
    ),
    held(
        "AIP-126/enum-names",
        "Enums and messages are named in camel case.",
        type_names,
    ),
    held(
        "AIP-126/no-aliases",
        "No two values of an enum have the same number.",
        no_aliases,
    ),
    held(
        "AIP-126/ascending",
        "Values are declared in the order of their numbers, none of which is negative.",
        ascending,
    ),
    held(
        "AIP-126/several-values",
        "An enum has at least two values besides the unspecified one; a single one is a flag.",
        several_values,
    ),
    departed(
        "AIP-126/nested",
        "An enum that one message uses is nested in it.",
        "Types are top-level (`house/top-level-types`), so that events and filters use them \
         and languages name them alike.",
    ),
    held(
        "AIP-216/state-enum",
        "A field `state` with an enum has one named `<Message>State`, and no enum is named \
         `…Status`.",
        state_enum,
    ),
    held(
        "AIP-216/state-output-only",
        "The `state` of a record is output only: it changes through verbs.",
        state_output_only,
    ),
    held(
        "AIP-216/final-states",
        "An enum of states says which of its states are final.",
        final_states,
    ),
];

fn unspecified(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.enums, |one| {
        let first = one.values().next()?;
        let wanted = format!("{}_UNSPECIFIED", upper(one.name()));
        (first.name() != wanted || first.number() != 0).then(|| {
            format!(
                "begins with {} = {}, not {wanted} = 0",
                first.name(),
                first.number()
            )
        })
    })
}

fn upper(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

fn prefix(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.values, |value| {
        let prefix = format!("{}_", upper(value.parent_enum().name()));
        let name = value.name();
        let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let is_regular = name.chars().all(is_upper) && !name.contains("__");
        (!name.starts_with(&prefix) || !is_regular)
            .then(|| format!("`{name}` is not {prefix} and words in capitals"))
    })
}

fn type_names(contracts: &Contracts) -> Vec<Violation> {
    let irregular = |name: &str| (!is_camel(name)).then(|| "is not in camel case".to_owned());
    let mut found = contracts.each(&contracts.enums, |one| irregular(one.name()));
    found.extend(contracts.each(&contracts.messages, |one| irregular(one.name())));
    found
}

fn no_aliases(contracts: &Contracts) -> Vec<Violation> {
    let mut found = Vec::new();
    for one in &contracts.enums {
        let mut names: HashMap<i32, String> = HashMap::new();
        for value in one.values() {
            if let Some(first) = names.insert(value.number(), value.name().to_owned()) {
                found.push(contracts.at(&value, format!("has the number of {first}")));
            }
        }
    }
    found
}

fn ascending(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.enums, |one| {
        // In the order of the file, not of the numbers.
        let values = &one.enum_descriptor_proto().value;
        let numbers: Vec<i32> = values.iter().map(|value| value.number()).collect();
        let is_ascending = numbers.windows(2).all(|pair| pair[0] <= pair[1]);
        let is_negative = numbers.iter().any(|number| *number < 0);
        (!is_ascending || is_negative).then(|| "its numbers are not ascending from 0".to_owned())
    })
}

fn several_values(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.enums, |one| {
        (one.values().len() < 3)
            .then(|| "has a single value besides the unspecified one".to_owned())
    })
}

fn state_enum(contracts: &Contracts) -> Vec<Violation> {
    let mut found = contracts.each(&contracts.enums, |one| {
        let is_status = one.name().ends_with("Status");
        is_status.then(|| "is a status: name it `…State`".to_owned())
    });
    let states = contracts
        .fields
        .iter()
        .filter(|field| field.name() == "state");
    found.extend(contracts.each(states, |field| {
        let name = type_name(field);
        (!name.is_empty() && !name.ends_with("State")).then(|| format!("has the type {name}"))
    }));
    let records = contracts.records();
    let states = records.filter_map(|record| record.get_field_by_name("state"));
    let states: Vec<_> = states.collect();
    found.extend(contracts.each(&states, |field| {
        let record = field.parent_message();
        let wanted = format!("{}.{}State", record.package_name(), record.name());
        let name = type_name(field);
        (name != wanted).then(|| format!("has the type {name}, not {wanted}"))
    }));
    found.sort();
    found.dedup_by(|a, b| a.element == b.element);
    found
}

fn state_output_only(contracts: &Contracts) -> Vec<Violation> {
    let records = contracts.records();
    let states = records.filter_map(|record| record.get_field_by_name("state"));
    contracts.each(&states.collect::<Vec<_>>(), |field| {
        let is_output_only = contracts.has_flag(field, "output_only");
        (!is_output_only).then(|| "is not `output_only`".to_owned())
    })
}

fn final_states(contracts: &Contracts) -> Vec<Violation> {
    let records: Vec<String> = contracts
        .records()
        .map(|record| format!("{}State", record.full_name()))
        .collect();
    let enums = contracts.enums.iter();
    let states = enums.filter(|one| records.iter().any(|name| name == one.full_name()));
    contracts.each(states, |one| {
        let is_final = |comment: &str| comment.contains("Final.");
        let any = one
            .values()
            .any(|value| is_final(contracts.comment(&value)));
        (!any).then(|| "marks no state as final (\"Final.\")".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, add, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-126/unspecified",
            "NOTICE_STATE_UNSPECIFIED = 0",
            "NOTICE_STATE_UNKNOWN = 0",
        ),
        change(
            "AIP-126/prefix",
            "NOTICE_STATE_WITHDRAWN = 2",
            "WITHDRAWN = 2",
        ),
        change(
            "AIP-126/prefix",
            "NOTICE_STATE_WITHDRAWN = 2",
            "NOTICE_STATE_withdrawn = 2",
        ),
        add(
            "AIP-126/enum-names",
            "enum noticeKind { NOTICE_KIND_UNSPECIFIED = 0; }",
        ),
        change(
            "AIP-126/no-aliases",
            "enum NoticeState {",
            "enum NoticeState {\n  option allow_alias = true;\n  NOTICE_STATE_ZERO = 0;",
        ),
        add(
            "AIP-126/ascending",
            "enum Kind { KIND_UNSPECIFIED = 0; KIND_B = 2; KIND_A = 1; }",
        ),
        add(
            "AIP-126/ascending",
            "enum Kind { KIND_UNSPECIFIED = 0; KIND_A = -1; KIND_B = 2; }",
        ),
        add(
            "AIP-126/several-values",
            "enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }",
        ),
        add(
            "AIP-216/state-enum",
            "enum BoardStatus { BOARD_STATUS_UNSPECIFIED = 0; }",
        ),
        add(
            "AIP-216/state-enum",
            "enum Kind { KIND_UNSPECIFIED = 0; }\nmessage A { Kind state = 1; }",
        ),
        change(
            "AIP-216/state-enum",
            "NoticeState state = 12 [",
            "enum OtherState { OTHER_STATE_UNSPECIFIED = 0; }\n  OtherState state = 12 [",
        ),
        change(
            "AIP-216/state-output-only",
            "NoticeState state = 12 [(wangge.options.v1.output_only) = true]",
            "NoticeState state = 12",
        ),
        change(
            "AIP-216/final-states",
            "No longer shown. Final.",
            "No longer shown.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
