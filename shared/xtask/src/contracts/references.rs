//! Rules on our own options of fields: what an id names, what is personal, what a row is
//! imported from.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{
    Rule, held,
    model::{Contracts, Violation},
    names::snake,
    writes::is_reason,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "house/names-given",
        "An id in a record, or in a request that a caller can send, says what kind of record \
         it names (`names`).",
        names_given,
    ),
    held(
        "house/names-known",
        "`names` is the kind of a message with an `id`, and only ids have it.",
        names_known,
    ),
    held(
        "house/personal-texts",
        "Texts in which people are described or named are `personal`: reasons, notes, \
         descriptions, actors, applicants' names.",
        personal_texts,
    ),
    held(
        "house/no-personal-events",
        "Nothing that an event carries is `personal`.",
        no_personal_events,
    ),
    held(
        "house/no-numbers-of-people",
        "No field takes a phone number, an identity number or an address of mail.",
        no_numbers_of_people,
    ),
    held(
        "house/import-files",
        "Every kind in the `record` of an import stream names its file, which no other has.",
        import_files,
    ),
];

fn names_given(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let message = field.parent_message();
        let name = field.name();
        let is_reference = name.ends_with("_id") || name.ends_with("_ids");
        let is_concerned = contracts.is_sent(message) || contracts.is_record(message);
        (is_reference && is_concerned && name != "request_id" && contracts.names(field).is_none())
            .then(|| "does not say what it names".to_owned())
    })
}

fn names_known(contracts: &Contracts) -> Vec<Violation> {
    let messages = contracts.messages.iter();
    let kinds: BTreeSet<String> = messages
        .filter(|message| message.get_field_by_name("id").is_some())
        .map(|message| snake(message.name()))
        .collect();
    contracts.each(&contracts.fields, |field| {
        let kind = contracts.names(field)?;
        let is_id = field.kind() == Kind::String
            && (field.name().ends_with("id") || field.name().ends_with("ids"));
        (!is_id || !kinds.contains(&kind)).then(|| format!("names `{kind}`, or is not an id"))
    })
}

fn personal_texts(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let names = ["actor", "applicant_name", "description", "note"];
        let is_text = field.kind() == Kind::String;
        let describes = is_reason(field) || (is_text && names.contains(&field.name()));
        (describes && !contracts.has_flag(field, "personal"))
            .then(|| "is not `personal`".to_owned())
    })
}

/// Returns the path of a personal field in a message.
fn personal(
    contracts: &Contracts,
    message: &MessageDescriptor,
    seen: &mut BTreeSet<String>,
) -> Option<String> {
    if !seen.insert(message.full_name().to_owned()) {
        return None;
    }
    message.fields().find_map(|field| {
        if contracts.has_flag(&field, "personal") {
            return Some(field.full_name().to_owned());
        }
        personal(contracts, field.kind().as_message()?, seen)
    })
}

fn no_personal_events(contracts: &Contracts) -> Vec<Violation> {
    let is_event = |field: &&FieldDescriptor| {
        let message = field.parent_message();
        message.package_name() == "wangge.events.v1" || message.name().ends_with("Changed")
    };
    contracts.each(contracts.fields.iter().filter(is_event), |field| {
        if contracts.has_flag(field, "personal") {
            return Some("is personal".to_owned());
        }
        let kind = field.kind();
        let path = personal(contracts, kind.as_message()?, &mut BTreeSet::new())?;
        Some(format!("contains {path}, which is personal"))
    })
}

fn no_numbers_of_people(contracts: &Contracts) -> Vec<Violation> {
    let words = [
        "phone",
        "mobile",
        "telephone",
        "identity",
        "passport",
        "email",
        "wechat",
    ];
    contracts.each(&contracts.fields, |field| {
        let word = field.name().split('_').find(|word| words.contains(word))?;
        Some(format!("takes a {word}"))
    })
}

fn import_files(contracts: &Contracts) -> Vec<Violation> {
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    let records = contracts
        .oneofs
        .iter()
        .filter(|oneof| oneof.name() == "record");
    for field in records.flat_map(|oneof| oneof.fields().collect::<Vec<_>>()) {
        let name = contracts.csv(&field).unwrap_or_default();
        if !name.ends_with(".csv") {
            found.push(contracts.at(&field, "names no file (`….csv`)"));
        } else if !names.insert(name.clone()) {
            found.push(contracts.at(&field, format!("names {name}, which another kind has")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "house/names-given",
            "ignore = IGNORE_IF_ZERO_VALUE,\n    (wangge.options.v1.names) = \"notice\"",
            "ignore = IGNORE_IF_ZERO_VALUE",
        ),
        change(
            "house/names-known",
            "(wangge.options.v1.names) = \"notice\"",
            "(wangge.options.v1.names) = \"board\"",
        ),
        change(
            "house/names-known",
            "string title = 2 [",
            "string title = 2 [(wangge.options.v1.names) = \"notice\", ",
        ),
        change(
            "house/personal-texts",
            "max_len = 2000,\n    (wangge.options.v1.personal) = true",
            "max_len = 2000",
        ),
        change(
            "house/no-personal-events",
            "string notice_id = 1;",
            "string notice_id = 1 [(wangge.options.v1.personal) = true];",
        ),
        change(
            "house/no-personal-events",
            "string notice_id = 1;",
            "Notice notice = 1;",
        ),
        change(
            "house/no-numbers-of-people",
            "string title = 2",
            "string phone_number = 2",
        ),
        change(
            "house/import-files",
            "(wangge.options.v1.file).name = \"notices.csv\"",
            "(wangge.options.v1.file).name = \"notices\"",
        ),
        change(
            "house/import-files",
            "    // A notice to import.",
            "    NoticeChanged change = 2 [(wangge.options.v1.file).name = \"notices.csv\"];\n    // A notice to import.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
