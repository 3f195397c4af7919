//! Rules on Update methods and their masks.

use std::collections::BTreeSet;

use prost_reflect::MessageDescriptor;

use super::{
    Rule,
    comments::quoted,
    creation::{record_field, required, standard_request},
    departed, held,
    model::{Contracts, Violation, noun, type_name},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-134/update-name",
        "`Update<Record>` returns the record that it names.",
        update_name,
    ),
    held(
        "AIP-134/update-request",
        "The request of an Update has `request_id`, the record, which is required, and \
         `update_mask`.",
        update_request,
    ),
    held(
        "AIP-134/update-mask",
        "`update_mask` is a required `FieldMask`.",
        update_mask,
    ),
    held(
        "AIP-161/mask-rule",
        "The paths that a mask accepts (`field_mask.in`) are those that its comment lists.",
        mask_rule,
    ),
    held(
        "AIP-161/mask-paths",
        "The paths of a mask are fields of the record that a caller can set; not `id`, \
         `state` or `etag`.",
        mask_paths,
    ),
    held(
        "AIP-134/required-guarded",
        "What is required at creation and can be updated has the rule \
         `required-<record>.<field>` at the Update request, on condition that the mask has the \
         path.",
        required_guarded,
    ),
    held(
        "AIP-134/identified",
        "The record in an Update request has a rule that requires its `id` or `code`, and the \
         mask one that requires paths.",
        identified,
    ),
    departed(
        "AIP-134/full-replacement",
        "Without a mask, or with `*`, all fields are updated.",
        "A caller that leaves a field out would erase it: `update_mask` is required and names \
         fields.",
    ),
    departed(
        "AIP-134/allow-missing",
        "An Update may create what does not exist.",
        "A write with a mistaken id must fail. Imports repeat safely by their ids.",
    ),
    departed(
        "AIP-162/revisions",
        "Earlier revisions of a resource can be read and restored.",
        "Histories are part of the records that have one (`steps`, `ListTicketHistory`), and \
         feeds carry every revision.",
    ),
];

fn update_name(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let output = method.output();
        (noun(method, "Update") != Some(output.name()))
            .then(|| format!("returns {}", output.name()))
    })
}

fn update_request(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        standard_request(contracts, method, &["request_id", "update_mask"])
    })
}

fn update_mask(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let request = method.input();
        let mask = request.get_field_by_name("update_mask");
        let fits = mask.is_some_and(|mask| {
            type_name(&mask) == "google.protobuf.FieldMask" && contracts.rules(&mask).is("required")
        });
        (!fits).then(|| "has no required `update_mask`".to_owned())
    })
}

/// Returns the paths that an Update request accepts, by its comment.
pub(super) fn mask(contracts: &Contracts, request: &MessageDescriptor) -> Vec<String> {
    let Some(mask) = request.get_field_by_name("update_mask") else {
        return Vec::new();
    };
    quoted(&contracts.prose(&mask)).map(str::to_owned).collect()
}

fn mask_rule(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let request = method.input();
        let stated: BTreeSet<String> = mask(contracts, &request).into_iter().collect();
        let field = request.get_field_by_name("update_mask")?;
        let accepted = contracts.rules(&field).texts("field_mask.in");
        let accepted: BTreeSet<String> = accepted.into_iter().collect();
        let list = |names: &BTreeSet<String>| {
            names
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        (stated != accepted).then(|| {
            format!(
                "accepts {:?}, but its comment lists {:?}",
                list(&accepted),
                list(&stated)
            )
        })
    })
}

fn mask_paths(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let record = method.output();
        let paths = mask(contracts, &method.input());
        if paths.is_empty() {
            return Some("its mask lists no paths".to_owned());
        }
        let wrong = paths.iter().find(|path| {
            let field = record.get_field_by_name(path);
            let fixed = ["id", "state", "etag", "revision"].contains(&path.as_str());
            fixed || field.is_none_or(|field| contracts.has_flag(&field, "output_only"))
        })?;
        Some(format!(
            "its mask lists `{wrong}`, which a caller can't set"
        ))
    })
}

fn required_guarded(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let required = required(contracts, method.output().full_name());
        let field = record_field(method)?;
        let rules = contracts.message_rules(&method.input()).cel_of("required");
        mask(contracts, &method.input())
            .into_iter()
            .find_map(|path| {
                let full = format!("{}.{path}", field.name());
                let is_checked = rules.iter().any(|(name, rule)| {
                    *name == full && rule.reads(&full) && rule.reads("update_mask")
                });
                (required.contains(&path) && !is_checked).then(|| {
                    format!("`{path}` can be emptied: no rule `required-{full}` with its mask")
                })
            })
    })
}

fn identified(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Update"), |method| {
        let requires = |field: &str, names: &[&str]| {
            let field = method.input().get_field_by_name(field);
            let rules = field.map(|field| contracts.rules(&field).cel_of("required"));
            let mut rules = rules.into_iter().flatten();
            rules.any(|(name, _)| names.contains(&name.as_str()))
        };
        if !requires("update_mask", &[""]) {
            return Some("its mask may be empty: no rule `required`".to_owned());
        }
        let record = record_field(method)?;
        (!requires(record.name(), &["id", "code"])).then(|| {
            format!(
                "its `{}` may have no id: no rule `required-id`",
                record.name()
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-134/update-name",
            "rpc UpdateNotice(",
            "rpc UpdateBoard(",
        ),
        change(
            "AIP-134/update-request",
            "identified by `id`.\n  Notice notice = 2 [\n    (buf.validate.field).required = true,",
            "identified by `id`.\n  Notice notice = 2 [",
        ),
        change(
            "AIP-134/update-request",
            "  google.protobuf.FieldMask update_mask = 3 [",
            "  bool allow_missing = 9;\n  google.protobuf.FieldMask update_mask = 3 [",
        ),
        change(
            "AIP-134/update-mask",
            "update_mask = 3 [\n    (buf.validate.field).required = true,",
            "update_mask = 3 [",
        ),
        change(
            "AIP-134/update-mask",
            "FieldMask update_mask = 3",
            "FieldMask mask = 3",
        ),
        change("AIP-161/mask-rule", "`title`, `note`.", "`title`."),
        change("AIP-161/mask-rule", "        \"title\",\n", ""),
        change(
            "AIP-161/mask-paths",
            "updated: `title`, `note`.",
            "updated: `state`.",
        ),
        change(
            "AIP-161/mask-paths",
            "updated: `title`, `note`.",
            "updated: `colour`.",
        ),
        change(
            "AIP-161/mask-paths",
            "updated: `title`, `note`.",
            "updated.",
        ),
        change(
            "AIP-134/required-guarded",
            "!('title' in this.update_mask.paths) || ",
            "",
        ),
        change(
            "AIP-134/identified",
            "id: \"required-id\"",
            "id: \"needed-id\"",
        ),
        change("AIP-134/identified", "id: \"required\"", "id: \"needed\""),
        change(
            "AIP-134/required-guarded",
            "`title`, `note`.",
            "`title`, `copy_count`.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
