//! Rules on List methods and their pages.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, noun},
    names::{plural, snake},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-132/list-plural",
        "`List<Messages>` is named after the plural of the message that it lists, and its \
         response's first field, which is repeated, too.",
        list_plural,
    ),
    held(
        "AIP-132/list-response",
        "The response of a List has the list, `next_page_token` and `total_size`, and nothing \
         else.",
        list_response,
    ),
    held(
        "AIP-132/typed-filters",
        "Filters of a List are fields with types: none is a `filter` or an `order_by`.",
        typed_filters,
    ),
    held(
        "AIP-158/paginated",
        "A List has `page_size`, `page_token` and `next_page_token`.",
        paginated,
    ),
    held(
        "AIP-158/page-size",
        "`page_size` is an int32, not negative, and has no maximum: more is treated as 1000.",
        page_size,
    ),
    held(
        "AIP-158/page-token",
        "`page_token` is a text of at most 500 characters.",
        page_token,
    ),
    held(
        "AIP-158/total-size",
        "The number of all results is `total_size`, never `total` or `total_count`.",
        total_size,
    ),
    departed(
        "AIP-132/parent",
        "A List names the parent of what it lists.",
        "`within_code` limits a list to an area of any level, and other parents are filters.",
    ),
    departed(
        "AIP-132/order-by",
        "A List may be ordered by the caller.",
        "Each list has one order, which its comment states and an index serves.",
    ),
    departed(
        "AIP-160/filter",
        "A List may have a `filter`, an expression in a language of its own.",
        "Typed fields are validated, documented and served by indexes.",
    ),
    departed(
        "AIP-157/read-mask",
        "Reads may be limited to some fields.",
        "Records are small, and pages end at about 1 MiB.",
    ),
    departed(
        "AIP-159/across-collections",
        "`-` for a parent reads across collections.",
        "There are no resource names; without a filter, a list covers the caller's area.",
    ),
    departed(
        "AIP-217/unreachable",
        "A List reports the places that it could not reach.",
        "Each list is read from one database: it is complete or fails.",
    ),
];

/// Returns the repeated field that a List returns.
fn list(response: &MessageDescriptor) -> Option<FieldDescriptor> {
    response.get_field(1).filter(FieldDescriptor::is_list)
}

fn list_plural(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("List"), |method| {
        let Some(field) = list(&method.output()) else {
            return Some("its response does not begin with a list".to_owned());
        };
        let name = noun(method, "List").unwrap_or_default();
        let kind = field.kind();
        let listed = kind.as_message().map_or("", MessageDescriptor::name);
        if plural(listed) != name {
            return Some(format!("lists {listed}"));
        }
        let wanted = snake(name);
        (field.name() != wanted).then(|| format!("returns `{}`, not `{wanted}`", field.name()))
    })
}

fn list_response(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("List"), |method| {
        let response = method.output();
        let mut fields = response.fields().filter(|field| field.number() != 1);
        let other =
            fields.find(|field| !["next_page_token", "total_size"].contains(&field.name()))?;
        Some(format!("its response has the field `{}`", other.name()))
    })
}

fn typed_filters(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("List"), |method| {
        let untyped = ["filter", "order_by", "query", "show_deleted", "where"];
        let request = method.input();
        let mut fields = request.fields();
        let field = fields.find(|field| untyped.contains(&field.name()))?;
        Some(format!("its request has the field `{}`", field.name()))
    })
}

fn paginated(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("List"), |method| {
        let request = method.input();
        let response = method.output();
        let has =
            |message: &MessageDescriptor, name: &str| message.get_field_by_name(name).is_some();
        let is_paginated = has(&request, "page_size")
            && has(&request, "page_token")
            && has(&response, "next_page_token");
        (!is_paginated).then(|| "has no pages".to_owned())
    })
}

fn fields_named<'a>(
    contracts: &'a Contracts,
    name: &'a str,
) -> impl Iterator<Item = &'a FieldDescriptor> {
    contracts
        .fields
        .iter()
        .filter(move |field| field.name() == name)
}

fn page_size(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(fields_named(contracts, "page_size"), |field| {
        let rules = contracts.rules(field);
        let fits = field.kind() == Kind::Int32
            && rules.number("int32.gte") == Some(0.0)
            && !rules.has("int32.lte")
            && !rules.has("int32.lt");
        (!fits).then(|| "is not an int32 of at least 0 without a maximum".to_owned())
    })
}

/// The longest page token.
const PAGE_TOKEN: f64 = 500.0;

fn page_token(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(fields_named(contracts, "page_token"), |field| {
        let longest = contracts.rules(field).number("string.max_len");
        (longest != Some(PAGE_TOKEN)).then(|| "is not a text of at most 500 characters".to_owned())
    })
}

fn total_size(contracts: &Contracts) -> Vec<Violation> {
    let lists = contracts.named("List").map(|method| method.output());
    let fields: Vec<_> = lists
        .flat_map(|response| response.fields().collect::<Vec<_>>())
        .collect();
    contracts.each(&fields, |field| {
        let others = ["total", "total_count", "count", "size", "total_results"];
        others
            .contains(&field.name())
            .then(|| "is not named `total_size`".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change("AIP-132/list-plural", "rpc ListNotices(", "rpc ListBoards("),
        change(
            "AIP-132/list-plural",
            "message ListNoticesResponse {\n  // The notices on this page.\n  repeated Notice notices = 1;",
            "message ListNoticesResponse {\n  // The notices on this page.\n  repeated Notice items = 1;",
        ),
        change(
            "AIP-132/list-response",
            "int64 total_size = 3",
            "int64 pages = 3",
        ),
        change(
            "AIP-132/typed-filters",
            "string within_code = 3",
            "string filter = 3",
        ),
        change(
            "AIP-158/paginated",
            "string page_token = 2",
            "string token = 2",
        ),
        change(
            "AIP-158/page-size",
            "int32 page_size = 1 [(buf.validate.field).int32.gte = 0]",
            "int32 page_size = 1",
        ),
        change(
            "AIP-158/page-size",
            "page_size = 1 [(buf.validate.field).int32.gte = 0]",
            "page_size = 1 [(buf.validate.field).int32 = {gte: 0, lte: 1000}]",
        ),
        change(
            "AIP-158/page-token",
            "string page_token = 2 [(buf.validate.field).string.max_len = 500]",
            "string page_token = 2",
        ),
        change(
            "AIP-158/total-size",
            "int64 total_size = 3",
            "int64 total = 3",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
