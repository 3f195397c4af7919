//! Rules on methods that work on several records at once.

use prost_reflect::Kind;

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, noun},
    names::{plural, snake},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-231/batch-name",
        "`BatchGet<Records>` is named after the plural of the record that it returns, and is a \
         method like any other: `BatchGet<Records>Response` has the records first.",
        batch_name,
    ),
    held(
        "AIP-231/batch-request",
        "A BatchGet takes `ids`: 1 to 1000 different UUIDs.",
        batch_request,
    ),
    held(
        "AIP-231/batch-only-gets",
        "No other batch method exists.",
        batch_only_gets,
    ),
    departed(
        "AIP-231/all-or-nothing",
        "A BatchGet fails if one of the records does not exist.",
        "Readers of a feed ask for what they saw there, and some of it has left their scope by \
         then: the response reports those ids beside the records.",
    ),
    departed(
        "AIP-233/batch-create",
        "Several records are created by a BatchCreate.",
        "`ImportRecords` does it, with a result for each row; calls create one record each.",
    ),
    departed(
        "AIP-234/batch-update",
        "Several records are changed by a BatchUpdate.",
        "Each change has an etag, a history and errors of its own.",
    ),
    departed(
        "AIP-235/batch-delete",
        "Several records are removed by a BatchDelete.",
        "There is no Delete.",
    ),
];

fn batch_name(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("BatchGet"), |method| {
        let name = noun(method, "BatchGet").unwrap_or_default();
        let response = method.output();
        let first = response
            .get_field(1)
            .filter(|field| field.is_list() && field.name() == snake(name));
        let kind = first.map(|field| field.kind());
        let record = match &kind {
            Some(Kind::Message(record)) if contracts.is_record(record) => record.name(),
            _ => return Some(format!("does not return `{}` first", snake(name))),
        };
        (plural(record) != name).then(|| format!("returns {record}"))
    })
}

fn batch_request(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("BatchGet"), |method| {
        let request = method.input();
        let Some(ids) = request
            .get_field_by_name("ids")
            .filter(|field| field.is_list())
        else {
            return Some("its request has no repeated `ids`".to_owned());
        };
        let rules = contracts.rules(&ids);
        let fits = rules.number("repeated.min_items") == Some(1.0)
            && rules
                .number("repeated.max_items")
                .is_some_and(|most| most <= 1000.0)
            && rules.is("repeated.unique")
            && rules.items().is("string.uuid");
        (!fits).then(|| "its `ids` are not 1 to 1000 different UUIDs".to_owned())
    })
}

fn batch_only_gets(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Batch"), |method| {
        (!method.name().starts_with("BatchGet")).then(|| "is not a BatchGet".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-231/batch-name",
            "rpc BatchGetNotices(",
            "rpc BatchGetBoards(",
        ),
        change(
            "AIP-231/batch-name",
            "message BatchGetNoticesResponse {\n  // The notices that exist.\n  repeated Notice notices = 1;",
            "message BatchGetNoticesResponse {\n  // The notices that exist.\n  repeated Notice found = 1;",
        ),
        change("AIP-231/batch-request", "unique: true", "unique: false"),
        change(
            "AIP-231/batch-request",
            "max_items: 1000",
            "max_items: 5000",
        ),
        change(
            "AIP-231/batch-only-gets",
            "rpc BatchGetNotices(",
            "rpc BatchEndNotices(",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
