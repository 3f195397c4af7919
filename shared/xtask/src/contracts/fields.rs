//! Rules on the names and types of fields.

use prost_reflect::{FieldDescriptor, Kind};

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, type_name},
    names::{is_plural, is_snake, snake},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-140/snake-case",
        "Fields are named in snake case, and no word begins with a digit.",
        snake_case,
    ),
    held(
        "AIP-140/no-repetition",
        "A field does not repeat the name of its message, but in `<message>_time` or `_date`.",
        no_repetition,
    ),
    held(
        "AIP-140/flags",
        "Names of flags don't begin with `is_` or `has_`.",
        flags,
    ),
    held(
        "AIP-140/abbreviations",
        "Names use `config`, `id`, `info`, `spec` and `stats`, not the long words, and `uri`, \
         not `url`.",
        abbreviations,
    ),
    departed(
        "AIP-140/prepositions",
        "Names of fields contain no prepositions.",
        "Filters and dates are unclear without them: `on_date`, `within_code`, `as_of_date`.",
    ),
    departed(
        "AIP-140/display-names",
        "A name that people read is `display_name` or `title`.",
        "There are no resource names to tell it from: `name` is what a thing or a person is \
         called.",
    ),
    held(
        "AIP-143/standard-codes",
        "Codes of languages, regions, currencies and media are named as such: \
         `language_code`, `region_code`, `currency_code`, `mime_type`.",
        standard_codes,
    ),
    held(
        "AIP-144/plurals",
        "Repeated fields are named in the plural, and a single message is not.",
        plurals,
    ),
    held(
        "house/id-fields",
        "Ids are texts: `id`, `<role>_id`, and `<role>_ids` if repeated.",
        id_fields,
    ),
    held(
        "house/code-fields",
        "Codes are texts or enums: `code`, `<role>_code`, and `<role>_codes` if repeated.",
        code_fields,
    ),
    held(
        "AIP-146/no-any",
        "No field is `Any`, `Struct`, `Value` or a wrapper: each has a type that says what it \
         contains.",
        no_any,
    ),
    held(
        "AIP-146/oneofs",
        "Only the payload of an event and the record of an import row are a `oneof`.",
        oneofs,
    ),
    held("AIP-146/no-maps", "No field is a map.", no_maps),
    held(
        "AIP-149/no-optional",
        "No field is `optional`: 0 and empty mean that nothing is set, and where 0 is a \
         value, a message or an enum says so.",
        no_optional,
    ),
    held(
        "AIP-215/types",
        "Fields have scalar types, types of our own or `Timestamp` and `FieldMask`.",
        own_types,
    ),
    held(
        "house/field-numbers",
        "Fields are declared in the order of their numbers.",
        field_numbers,
    ),
];

fn snake_case(contracts: &Contracts) -> Vec<Violation> {
    let irregular = |name: &str| (!is_snake(name)).then(|| "is not in snake case".to_owned());
    let mut found = contracts.each(&contracts.fields, |one| irregular(one.name()));
    found.extend(contracts.each(&contracts.oneofs, |one| irregular(one.name())));
    found
}

fn no_repetition(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let message = snake(field.parent_message().name());
        let rest = field.name().strip_prefix(&format!("{message}_"))?;
        // The moment of what the message is about needs a word before its suffix.
        let is_moment = ["time", "date"].contains(&rest);
        (!is_moment).then(|| format!("repeats its message's name: `{rest}`"))
    })
}

fn flags(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let is_flag = field.kind() == Kind::Bool;
        let prefixed = ["is_", "has_"]
            .iter()
            .any(|prefix| field.name().starts_with(prefix));
        (is_flag && prefixed).then(|| "is a flag with a prefix".to_owned())
    })
}

/// Words that are abbreviated, or that have a better one.
const ABBREVIATED: &[(&str, &str)] = &[
    ("configuration", "config"),
    ("identifier", "id"),
    ("information", "info"),
    ("specification", "spec"),
    ("statistics", "stats"),
    ("url", "uri"),
    ("urls", "uris"),
];

fn abbreviations(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let mut words = field.name().split('_');
        let (long, short) =
            words.find_map(|word| ABBREVIATED.iter().find(|(long, _)| *long == word))?;
        Some(format!("write `{short}` for `{long}`"))
    })
}

fn standard_codes(contracts: &Contracts) -> Vec<Violation> {
    let words = [
        "language",
        "locale",
        "region",
        "country",
        "country_code",
        "currency",
        "content_type",
        "mime",
    ];
    contracts.each(&contracts.fields, |field| {
        words
            .contains(&field.name())
            .then(|| "is not the name of a standard code".to_owned())
    })
}

fn plurals(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let is_list = field.is_list() || field.is_map();
        let singular = is_list && !is_plural(field.name());
        // A word may look like a plural: only a message's own name shows that it is one.
        let message = match field.kind() {
            Kind::Message(message) if !is_list => super::names::plural(&snake(message.name())),
            _ => String::new(),
        };
        if singular {
            return Some("is repeated, but not a plural".to_owned());
        }
        (message == field.name()).then(|| "is a plural, but not repeated".to_owned())
    })
}

/// Returns what is wrong with the type or number of a field with a suffix such as `id`.
fn suffixed(field: &FieldDescriptor, suffix: &str, may_be_enum: bool) -> Option<String> {
    let name = field.name();
    let has = |suffix: &str| name == suffix || name.ends_with(&format!("_{suffix}"));
    let many = format!("{suffix}s");
    if !has(suffix) && !has(&many) {
        return None;
    }
    let fits = match field.kind() {
        Kind::String => true,
        Kind::Enum(_) => may_be_enum,
        _ => false,
    };
    if !fits {
        return Some("is not a text".to_owned());
    }
    let wanted = if field.is_list() {
        many
    } else {
        suffix.to_owned()
    };
    (!has(&wanted)).then(|| format!("does not end in `{wanted}`"))
}

fn id_fields(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| suffixed(field, "id", false))
}

fn code_fields(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| suffixed(field, "code", true))
}

fn no_any(contracts: &Contracts) -> Vec<Violation> {
    const VAGUE: &[&str] = &["Any", "Struct", "Value", "ListValue"];
    contracts.each(&contracts.fields, |field| {
        let name = type_name(field);
        let name = name.strip_prefix("google.protobuf.")?;
        let is_vague = VAGUE.contains(&name) || name.ends_with("Value");
        is_vague.then(|| format!("has the type {name}"))
    })
}

/// The oneofs of the contracts, by their message and name.
const ONEOFS: &[(&str, &str)] = &[("Event", "payload"), ("ImportRecordsRequest", "record")];

fn oneofs(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.oneofs, |oneof| {
        let message = oneof.parent_message().name().to_owned();
        let is_known = ONEOFS.iter().any(|(parent, name)| {
            // The services' streams are named apart: `ImportTicketRecordsRequest`.
            let same = *parent == message
                || (message.starts_with("Import") && message.ends_with("Request"));
            same && *name == oneof.name()
        });
        (!is_known).then(|| "is a oneof".to_owned())
    })
}

fn no_maps(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        field.is_map().then(|| "is a map".to_owned())
    })
}

fn no_optional(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let oneof = field.containing_oneof();
        let is_optional = oneof.is_some_and(|oneof| oneof.is_synthetic());
        is_optional.then(|| "is optional".to_owned())
    })
}

fn own_types(contracts: &Contracts) -> Vec<Violation> {
    const OTHERS: &[&str] = &["google.protobuf.Timestamp", "google.protobuf.FieldMask"];
    contracts.each(&contracts.fields, |field| {
        let name = type_name(field);
        let is_known = name.is_empty()
            || field.is_map()
            || OTHERS.contains(&name.as_str())
            || name.starts_with("wangge.");
        (!is_known).then(|| format!("has the type {name}"))
    })
}

fn field_numbers(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.messages, |message| {
        let fields = &message.descriptor_proto().field;
        let pair = fields
            .windows(2)
            .find(|pair| pair[0].number() >= pair[1].number())?;
        Some(format!(
            "declares {} before {}",
            pair[0].name(),
            pair[1].name()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, add, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-140/snake-case",
            "string title = 2",
            "string titleOf = 2",
        ),
        change(
            "AIP-140/snake-case",
            "string title = 2",
            "string title_2nd = 2",
        ),
        change(
            "AIP-140/no-repetition",
            "string title = 2",
            "string notice_title = 2",
        ),
        add("AIP-140/flags", "message A { bool is_public = 1; }"),
        add(
            "AIP-140/abbreviations",
            "message A { string image_url = 1; }",
        ),
        add(
            "AIP-143/standard-codes",
            "message A { string language = 1; }",
        ),
        change(
            "AIP-144/plurals",
            "repeated string places = 5",
            "repeated string place = 5",
        ),
        add("AIP-144/plurals", "message A { Notice notices = 1; }"),
        add("house/id-fields", "message A { int64 unit_id = 1; }"),
        add(
            "house/id-fields",
            "message A { repeated string unit_id = 1; }",
        ),
        add("house/code-fields", "message A { int32 area_code = 1; }"),
        change(
            "AIP-146/no-any",
            "import \"google/protobuf/timestamp.proto\";",
            "import \"google/protobuf/any.proto\";\nimport \"google/protobuf/timestamp.proto\";\n\
             message A { google.protobuf.Any detail = 1; }",
        ),
        add(
            "AIP-146/oneofs",
            "message A { oneof either { string a = 1; string b = 2; } }",
        ),
        add(
            "AIP-146/no-maps",
            "message A { map<string, string> labels = 1; }",
        ),
        add(
            "AIP-149/no-optional",
            "message A { optional string a = 1; }",
        ),
        change(
            "AIP-215/types",
            "import \"wangge/shared.proto\";",
            "import \"google/type/date.proto\";\nimport \"wangge/shared.proto\";\n\
             message A { google.type.Date birth_date = 1; }",
        ),
        add(
            "house/field-numbers",
            "message A { string a = 2; string b = 1; }",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
