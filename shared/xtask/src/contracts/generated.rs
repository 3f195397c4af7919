//! Rules that keep generated code free of renamed or clashing identifiers, in the languages
//! that protoc and the common plugins support.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{
    Rule, held,
    model::{Contracts, Violation},
    names::{camel, snake},
    reserved,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-140/reserved-words",
        "No field has the name of a reserved word of C++, C#, Dart, Go, Java, JavaScript, \
         Kotlin, Objective-C, PHP, Python, Ruby, Rust or Swift.",
        reserved_fields,
    ),
    held(
        "house/reserved-members",
        "No field has the name of a member that generated messages have anyway, such as \
         `descriptor` or `class`.",
        reserved_members,
    ),
    held(
        "house/reserved-types",
        "No message, enum or service has the name of a reserved word or of a basic type of \
         those languages, such as `Empty` or `List`.",
        reserved_types,
    ),
    held(
        "house/reserved-methods",
        "No method has the name of a reserved word or of a member of generated clients, such \
         as `Build` or `Connect`.",
        reserved_methods,
    ),
    held(
        "house/short-enum-values",
        "Without the prefix, which some languages remove, a value begins with a letter and \
         is not a reserved word.",
        short_values,
    ),
    held(
        "house/default-json-names",
        "Fields have the JSON name that follows from their name.",
        default_json_names,
    ),
    held(
        "house/no-accessor-clash",
        "No field is named like an accessor of another one, such as `tags_count` beside \
         repeated `tags`.",
        accessor_clash,
    ),
    held(
        "house/field-unlike-message",
        "No field is named like its message, which C# would rename.",
        field_unlike_message,
    ),
    held(
        "house/unique-type-names",
        "Messages, enums and services of a package differ without regard to case.",
        unique_type_names,
    ),
    held(
        "house/unique-method-names",
        "Methods of a service differ without regard to case.",
        unique_method_names,
    ),
    held(
        "house/no-stub-clash",
        "No message or enum is named like a class that is generated for a service: `…Grpc`, \
         `…Client`, `…Server`, `…Stub`, `…Servicer`.",
        stub_clash,
    ),
    held(
        "house/top-level-types",
        "Messages and enums are not nested: every language names top-level types alike.",
        top_level_types,
    ),
];

fn reserved_fields(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let name = field.name();
        reserved::is_field(name).then(|| format!("`{name}` is a reserved word"))
    })
}

fn reserved_members(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let name = field.name();
        reserved::is_member(name).then(|| format!("`{name}` is a member of generated messages"))
    })
}

fn reserved_type(name: &str) -> Option<String> {
    reserved::is_type(name)
        .then(|| format!("`{name}` is reserved or a basic type in some language"))
}

fn reserved_types(contracts: &Contracts) -> Vec<Violation> {
    let mut found = contracts.each(&contracts.messages, |one| reserved_type(one.name()));
    found.extend(contracts.each(&contracts.enums, |one| reserved_type(one.name())));
    found.extend(contracts.each(&contracts.services, |one| reserved_type(one.name())));
    found
}

fn reserved_methods(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let name = method.name();
        reserved::is_method(name)
            .then(|| format!("`{name}` is reserved or a member of generated clients"))
    })
}

fn short_values(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.values, |value| {
        let prefix = format!(
            "{}_",
            snake(value.parent_enum().name()).to_ascii_uppercase()
        );
        let short = value.name().strip_prefix(&prefix)?;
        let begins = short.starts_with(|c: char| c.is_ascii_alphabetic());
        // Converted to camel case, a word is reserved only where case does not matter to it.
        let words = [
            "NONE", "TRUE", "FALSE", "NULL", "NIL", "SELF", "TYPE", "PROTOCOL", "CLASS",
        ];
        let taken = words.contains(&short) || short == "INIT";
        (!begins || taken).then(|| format!("is `{short}` without its prefix"))
    })
}

fn default_json_names(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let camel = camel(field.name());
        let mut letters = camel.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        let wanted: String = first.into_iter().chain(letters).collect();
        (field.json_name() != wanted).then(|| format!("is {} in JSON", field.json_name()))
    })
}

fn accessor_clash(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let message = field.parent_message();
        let accessor = accessors(field)
            .into_iter()
            .find(|accessor| message.get_field_by_name(accessor).is_some())?;
        Some(format!(
            "has the accessor `{accessor}`, which is a field, too"
        ))
    })
}

/// Returns the names of further accessors, as if they were fields.
fn accessors(field: &FieldDescriptor) -> Vec<String> {
    let name = field.name();
    let suffixes: &[&str] = match field.kind() {
        _ if field.is_list() => &["count", "list", "size"],
        Kind::Message(_) => &["builder", "or_builder", "field_builder"],
        Kind::Enum(_) => &["value"],
        Kind::String => &["bytes"],
        _ => &[],
    };
    let suffixed = suffixes.iter().map(|suffix| format!("{name}_{suffix}"));
    let prefixes = ["has", "clear", "set", "mutable", "add"].iter();
    suffixed
        .chain(prefixes.map(|prefix| format!("{prefix}_{name}")))
        .collect()
}

fn field_unlike_message(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let message = field.parent_message().name();
        (camel(field.name()) == message).then(|| format!("is named like {message}"))
    })
}

/// Returns a violation for each element that has the same key as one before it.
fn repeated(elements: impl Iterator<Item = (String, Violation)>) -> Vec<Violation> {
    let mut firsts: HashMap<String, String> = HashMap::new();
    let repeated = elements.filter_map(|(key, mut violation)| {
        let first = firsts.get(&key);
        let Some(first) = first else {
            firsts.insert(key, violation.element);
            return None;
        };
        violation.problem = format!("can't be told from {first}");
        Some(violation)
    });
    repeated.collect()
}

fn unique_type_names(contracts: &Contracts) -> Vec<Violation> {
    let key = |name: &str| name.to_lowercase();
    let messages = contracts.messages.iter();
    let messages = messages.map(|one| (key(one.full_name()), contracts.at(one, "")));
    let enums = contracts.enums.iter();
    let enums = enums.map(|one| (key(one.full_name()), contracts.at(one, "")));
    let services = contracts.services.iter();
    let services = services.map(|one| (key(one.full_name()), contracts.at(one, "")));
    repeated(messages.chain(enums).chain(services))
}

fn unique_method_names(contracts: &Contracts) -> Vec<Violation> {
    let methods = contracts.methods.iter();
    repeated(methods.map(|one| (one.full_name().to_lowercase(), contracts.at(one, ""))))
}

fn stub_clash(contracts: &Contracts) -> Vec<Violation> {
    let clash = |package: &str, name: &str| {
        let service = contracts.services.iter().find(|service| {
            let suffix = name.strip_prefix(service.name()).unwrap_or_default();
            let suffixes = ["Grpc", "Client", "Server", "Stub", "Servicer", "Base"];
            service.package_name() == package && suffixes.contains(&suffix)
        })?;
        Some(format!("is named like a class of {}", service.name()))
    };
    let mut found = contracts.each(&contracts.messages, |one| {
        clash(one.package_name(), one.name())
    });
    found.extend(contracts.each(&contracts.enums, |one| {
        clash(one.package_name(), one.name())
    }));
    found
}

fn top_level_types(contracts: &Contracts) -> Vec<Violation> {
    let nested = |parent: Option<MessageDescriptor>| {
        parent.map(|parent| format!("is nested in {}", parent.name()))
    };
    let mut found = contracts.each(&contracts.messages, |one| nested(one.parent_message()));
    found.extend(contracts.each(&contracts.enums, |one| nested(one.parent_message())));
    found
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, add, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-140/reserved-words",
            "string note = 3",
            "string default = 3",
        ),
        change(
            "house/reserved-members",
            "string note = 3",
            "string descriptor = 3",
        ),
        add("house/reserved-types", "message Empty {}"),
        add("house/reserved-types", "message Exception {}"),
        change(
            "house/reserved-methods",
            "rpc WithdrawNotice(",
            "rpc Connect(",
        ),
        change(
            "house/short-enum-values",
            "NOTICE_STATE_WITHDRAWN = 2",
            "NOTICE_STATE_2ND = 2",
        ),
        change(
            "house/short-enum-values",
            "NOTICE_STATE_WITHDRAWN = 2",
            "NOTICE_STATE_NONE = 2",
        ),
        change(
            "house/default-json-names",
            "string title = 2 [",
            "string title = 2 [json_name = \"heading\", ",
        ),
        add(
            "house/no-accessor-clash",
            "message A { repeated string tags = 1; int32 tags_count = 2; }",
        ),
        add(
            "house/field-unlike-message",
            "message Moment { string moment = 1; }",
        ),
        add("house/unique-type-names", "message NOTICE {}"),
        change(
            "house/unique-method-names",
            "rpc GetNotice(",
            "rpc Getnotice(GetNoticeRequest) returns (Notice);\n  rpc GetNotice(",
        ),
        add("house/no-stub-clash", "message NoticeServiceClient {}"),
        change(
            "house/top-level-types",
            "message Notice {",
            "message Notice {\n  message Inner {}",
        ),
        change(
            "house/top-level-types",
            "message Notice {",
            "message Notice {\n  enum Inner { ZERO = 0; }",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
