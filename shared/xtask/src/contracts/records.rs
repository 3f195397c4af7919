//! Rules on records: the messages that are created, read and changed by id.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, noun, type_name},
    names::plural,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-121/get-and-list",
        "Every record has a Get and a List method.",
        get_and_list,
    ),
    departed(
        "AIP-122/names",
        "A resource is identified by a name, a path such as `areas/3204/tickets/17`.",
        "Records move between areas and outlive their parents, and data sets bring ids of \
         their own: a UUID identifies a record wherever it belongs.",
    ),
    departed(
        "AIP-148/uid",
        "The id that the system assigns is `uid`.",
        "There is no second identifier to tell it from: it is `id`.",
    ),
    held(
        "house/id",
        "A record's first field is its `id`, a UUID.",
        id,
    ),
    held(
        "house/revision",
        "A record has an output-only int64 `revision`.",
        revision,
    ),
    held(
        "house/area-code",
        "A record names the area whose scope it belongs to in `area_code`; an area and a \
         category are identified by their `code`.",
        area_code,
    ),
    held(
        "AIP-148/create-time",
        "A record has a `create_time`, which callers don't set.",
        create_time,
    ),
    held(
        "AIP-148/update-time",
        "A record has an `update_time`, which callers don't set.",
        update_time,
    ),
    held(
        "AIP-154/etag",
        "A record that can change has an `etag` of at most 64 characters; it is not output only, \
         since an Update reads it.",
        etag,
    ),
    held(
        "AIP-203/output-only",
        "A field has the option `output_only` if and only if its comment has the sentence \
         \"Output only.\"",
        output_only,
    ),
    departed(
        "AIP-203/field-behavior",
        "Fields have `google.api.field_behavior`.",
        "That option documents, ours is enforced: `output_only` fields are ignored and tested, \
         and what is required is a rule in protovalidate.",
    ),
    held(
        "AIP-203/immutable",
        "A field whose comment says \"Immutable.\" is in no update mask.",
        immutable,
    ),
    held(
        "AIP-202/uuids",
        "Ids that a caller can send are checked to be UUIDs.",
        uuids,
    ),
    held(
        "house/codes-of-areas",
        "Codes of areas that a caller can send have one form: `^[0-9]{0,32}$`, or \
         `^[0-9]{6,32}$` where one is required.",
        codes_of_areas,
    ),
    held(
        "house/steps",
        "A record with `steps` has a `state`, and its comment lists the actions.",
        steps,
    ),
];

fn get_and_list(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let list = format!("List{}", plural(record.name()));
        let get = format!("Get{}", record.name());
        let has = |name: &str| {
            let mut methods = contracts.methods.iter();
            methods.any(|one| {
                one.name() == name && one.parent_service().package_name() == record.package_name()
            })
        };
        let missing: Vec<String> = [get, list].into_iter().filter(|name| !has(name)).collect();
        (!missing.is_empty()).then(|| format!("has no {}", missing.join(" and no ")))
    })
}

fn id(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let first = record.get_field(1).filter(|field| field.name() == "id");
        let is_uuid = first.is_some_and(|field| contracts.rules(&field).is("string.uuid"));
        (!is_uuid).then(|| "does not begin with a UUID `id`".to_owned())
    })
}

fn revision(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let Some(field) = record.get_field_by_name("revision") else {
            return Some("has no `revision`".to_owned());
        };
        let fits = field.kind() == Kind::Int64 && contracts.has_flag(&field, "output_only");
        (!fits).then(|| "its `revision` is not an output-only int64".to_owned())
    })
}

fn area_code(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let has = |name: &str| record.get_field_by_name(name).is_some();
        (!has("area_code") && !has("code")).then(|| "has no `area_code`".to_owned())
    })
}

/// Returns true if callers don't set a field, but in imports at most.
fn is_output(contracts: &Contracts, field: &FieldDescriptor) -> bool {
    let is_imported = contracts.prose(field).contains("Accepted in imports only");
    contracts.has_flag(field, "output_only") || is_imported
}

fn standard_time(contracts: &Contracts, name: &str) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let Some(field) = record.get_field_by_name(name) else {
            return Some(format!("has no `{name}`"));
        };
        let is_time = type_name(&field) == "google.protobuf.Timestamp";
        let fits = is_time && is_output(contracts, &field);
        (!fits).then(|| format!("its `{name}` is not an output-only Timestamp"))
    })
}

fn create_time(contracts: &Contracts) -> Vec<Violation> {
    standard_time(contracts, "create_time")
}

fn update_time(contracts: &Contracts) -> Vec<Violation> {
    standard_time(contracts, "update_time")
}

/// Returns true if a method other than Create returns the record.
pub(super) fn can_change(contracts: &Contracts, record: &MessageDescriptor) -> bool {
    contracts.methods.iter().any(|method| {
        let returns = method.output() == *record;
        let reads = ["Get", "Create", "Watch"]
            .iter()
            .any(|verb| noun(method, verb).is_some());
        returns && !reads
    })
}

/// The longest etag.
const ETAG: f64 = 64.0;

fn etag(contracts: &Contracts) -> Vec<Violation> {
    let records = contracts
        .records()
        .filter(|record| can_change(contracts, record));
    contracts.each(records, |record| {
        let Some(field) = record.get_field_by_name("etag") else {
            return Some("has no `etag`".to_owned());
        };
        let is_bounded = contracts.rules(&field).number("string.max_len") == Some(ETAG);
        let is_read = !contracts.has_flag(&field, "output_only");
        (!is_bounded || !is_read).then(|| {
            "its `etag` is not a text of at most 64 characters that changes read".to_owned()
        })
    })
}

fn output_only(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        let says = contracts.prose(field).contains("Output only.");
        match (says, contracts.has_flag(field, "output_only")) {
            (true, false) => Some("is described as output only, without the option".to_owned()),
            (false, true) => Some("has `output_only`, but no sentence \"Output only.\"".to_owned()),
            _ => None,
        }
    })
}

fn immutable(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.fields, |field| {
        if !contracts.prose(field).contains("Immutable.") {
            return None;
        }
        let update = format!("Update{}", field.parent_message().name());
        let update = contracts
            .methods
            .iter()
            .find(|method| method.name() == update)?;
        let mask = super::updates::mask(contracts, &update.input());
        mask.iter()
            .any(|path| path == field.name())
            .then(|| "is immutable, but can be updated".to_owned())
    })
}

fn uuids(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.sent_fields(), |field| {
        let name = field.name();
        let is_id = ["id", "ids"]
            .iter()
            .any(|id| name == *id || name.ends_with(&format!("_{id}")));
        if !is_id || field.kind() != Kind::String {
            return None;
        }
        let rules = contracts.rules(field);
        let rules = if field.is_list() {
            rules.items()
        } else {
            rules
        };
        (!rules.is("string.uuid")).then(|| "is not checked to be a UUID".to_owned())
    })
}

fn codes_of_areas(contracts: &Contracts) -> Vec<Violation> {
    const FORMS: [&str; 2] = ["^[0-9]{0,32}$", "^[0-9]{6,32}$"];
    contracts.each(contracts.sent_fields(), |field| {
        let is_code = ["area_code", "within_code", "parent_code"].contains(&field.name());
        let form = contracts
            .rules(field)
            .text("string.pattern")
            .unwrap_or_default();
        (is_code && !FORMS.contains(&form.as_str())).then(|| format!("has the form `{form}`"))
    })
}

fn steps(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.records(), |record| {
        let steps = record.get_field_by_name("steps")?;
        if record.get_field_by_name("state").is_none() {
            return Some("has `steps`, but no `state`".to_owned());
        }
        let lists = contracts.prose(&steps).contains("Actions: `");
        (!lists).then(|| "the comment of `steps` lists no actions (\"Actions: `…`\")".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change("AIP-121/get-and-list", "rpc GetNotice(", "rpc ReadNotice("),
        change(
            "AIP-121/get-and-list",
            "rpc ListNotices(",
            "rpc FindNotices(",
        ),
        change(
            "house/id",
            "string id = 1 [\n    (buf.validate.field).string.uuid = true,",
            "string id = 1 [",
        ),
        change(
            "house/revision",
            "int64 revision = 14",
            "int32 revision = 14",
        ),
        change(
            "house/revision",
            "int64 revision = 14",
            "int64 edition = 14",
        ),
        change(
            "house/area-code",
            "string area_code = 11",
            "string area = 11",
        ),
        change(
            "AIP-148/create-time",
            "Timestamp create_time = 16",
            "Timestamp created_time = 16",
        ),
        change(
            "AIP-148/create-time",
            "create_time = 16 [(wangge.options.v1.output_only) = true]",
            "create_time = 16",
        ),
        change(
            "AIP-148/update-time",
            "Timestamp update_time = 17",
            "Timestamp changed_time = 17",
        ),
        change("AIP-154/etag", "string etag = 15", "string tag = 15"),
        change(
            "AIP-154/etag",
            "string etag = 15 [(buf.validate.field).string.max_len = 64]",
            "string etag = 15",
        ),
        change(
            "AIP-203/output-only",
            "string area_code = 11 [",
            "string area_code = 11 [(wangge.options.v1.output_only) = true, ",
        ),
        change(
            "AIP-203/output-only",
            "// Title, 1 to",
            "// Output only. Title, 1 to",
        ),
        change(
            "AIP-203/immutable",
            "// Title, 1 to",
            "// Immutable. Title, 1 to",
        ),
        change(
            "AIP-202/uuids",
            "string replaced_notice_id = 4 [\n    (buf.validate.field).string.uuid = true,",
            "string replaced_notice_id = 4 [",
        ),
        change(
            "house/codes-of-areas",
            "pattern = \"^[0-9]{0,32}$\"",
            "pattern = \"^[0-9]{0,9}$\"",
        ),
        change(
            "house/steps",
            "NoticeState state = 12",
            "NoticeState stage = 12",
        ),
        change(
            "house/steps",
            "Actions: `withdraw`.",
            "There is one action.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
