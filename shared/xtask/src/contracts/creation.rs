//! Rules on Create methods, and on the rules in CEL that state what is required and in
//! which order dates are.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, MessageDescriptor, MethodDescriptor};

use super::{
    Rule,
    comments::quoted,
    constraints::Cel,
    departed, held,
    model::{Contracts, Violation, noun, resolve, type_name},
    names::{is_snake, snake},
    quantities::{counterpart, is_moment},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-133/create-name",
        "`Create<Record>` returns the record that it names.",
        create_name,
    ),
    held(
        "AIP-133/create-request",
        "The request of a Create has `request_id` and the record, which is required, under the \
         name of its kind.",
        create_request,
    ),
    held(
        "AIP-133/required-stated",
        "The comment of the record in a Create request names the fields that are required: \
         \"`name` and `area_code` are required\".",
        required_stated,
    ),
    held(
        "AIP-133/required-checked",
        "What that comment names, and nothing else, has a rule in CEL with the id \
         `required-<field>` that \"is required\"; what is required under a condition is quoted, \
         too.",
        required_checked,
    ),
    held(
        "house/required-rules",
        "A rule `required-<field>` reads the field, and its message begins \"is required\".",
        required_rules,
    ),
    held(
        "house/order-rules",
        "A message that a caller can send with a start and an end has a rule in CEL on both \
         with the id `<type>.order/<end>`.",
        order_rules,
    ),
    held(
        "house/cel-rules",
        "A rule in CEL has an id of its own, `<rule>-<field>` with a field of the message that it \
         is about, or `<rule>` for the whole of it, a message and an expression on `this`.",
        cel_rules,
    ),
    departed(
        "AIP-133/parent",
        "A Create names the parent of the new resource.",
        "The record itself references its parents by id.",
    ),
    departed(
        "AIP-133/user-settable-ids",
        "A caller chooses an id in `<resource>_id`.",
        "It is the `id` in the record, so that files of records and calls are alike.",
    ),
];

fn create_name(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Create"), |method| {
        let output = method.output();
        (noun(method, "Create") != Some(output.name()))
            .then(|| format!("returns {}", output.name()))
    })
}

/// Returns the record's field in the request of a Create or an Update.
pub(super) fn record_field(method: &MethodDescriptor) -> Option<FieldDescriptor> {
    let output = method.output();
    let field = method.input().get_field_by_name(&snake(output.name()))?;
    (type_name(&field) == output.full_name()).then_some(field)
}

/// Returns what is wrong with the fields of the request of a Create or an Update.
pub(super) fn standard_request(
    contracts: &Contracts,
    method: &MethodDescriptor,
    others: &[&str],
) -> Option<String> {
    let Some(record) = record_field(method) else {
        return Some("its request has no record under the name of its kind".to_owned());
    };
    if !contracts.rules(&record).is("required") {
        return Some(format!("its `{}` is not required", record.name()));
    }
    let request = method.input();
    let mut fields = request.fields();
    let other = fields.find(|field| *field != record && !others.contains(&field.name()))?;
    Some(format!("its request has the field `{}`", other.name()))
}

fn create_request(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Create"), |method| {
        standard_request(contracts, method, &["request_id"])
    })
}

/// Returns the record's fields in Create requests.
fn created(contracts: &Contracts) -> Vec<FieldDescriptor> {
    contracts.named("Create").filter_map(record_field).collect()
}

/// Returns the fields that a comment names as required, of themselves; what is required
/// under a condition follows later in the sentence.
fn stated(comment: &str) -> Option<BTreeSet<String>> {
    let ends = ["are required", "is required"].iter();
    let end = ends.filter_map(|end| comment.find(end)).min()?;
    let clause = comment[..end].rsplit([';', '.']).next().unwrap_or_default();
    Some(quoted(clause).map(str::to_owned).collect())
}

/// The message of a rule that requires a field without a condition.
const REQUIRED: &str = "is required";

/// Returns the fields that a Create of the record requires without a condition.
pub(super) fn required(contracts: &Contracts, record: &str) -> BTreeSet<String> {
    let fields = created(contracts);
    let mut of_record = fields.iter().filter(|field| type_name(field) == record);
    let rules = of_record
        .next()
        .map(|field| contracts.rules(field).cel_of("required"));
    let rules = rules.into_iter().flatten();
    rules
        .filter(|(_, rule)| rule.message == REQUIRED)
        .map(|(field, _)| field)
        .collect()
}

fn required_stated(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&created(contracts), |field| {
        let stated = stated(&contracts.prose(field)).unwrap_or_default();
        stated
            .is_empty()
            .then(|| "does not name the required fields".to_owned())
    })
}

fn required_checked(contracts: &Contracts) -> Vec<Violation> {
    let list = |names: Vec<&String>| {
        let names = names.iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    };
    contracts.each(&created(contracts), |field| {
        let comment = contracts.prose(field);
        let stated = stated(&comment).unwrap_or_default();
        let rules = contracts.rules(field).cel_of("required");
        let mut conditional = rules.iter().filter(|(_, rule)| rule.message != REQUIRED);
        let unquoted = conditional.find(|(name, _)| !quoted(&comment).any(|one| one == name));
        if let Some((name, _)) = unquoted {
            return Some(format!(
                "requires `{name}` under a condition, without saying so"
            ));
        }
        let checked = required(contracts, &type_name(field));
        let unchecked = list(stated.difference(&checked).collect());
        let unstated = list(checked.difference(&stated).collect());
        match (unchecked.is_empty(), unstated.is_empty()) {
            (true, true) => None,
            (false, true) => Some(format!("has no rule that requires {unchecked}")),
            (true, false) => Some(format!("requires {unstated} without saying so")),
            (false, false) => Some(format!("has rules for {unstated}, not for {unchecked}")),
        }
    })
}

/// Finds what is wrong with a rule in CEL, at every field and message that has rules. The
/// check gets the message that the rule is about.
fn each_cel(
    contracts: &Contracts,
    wrong: impl Fn(&Cel, Option<&MessageDescriptor>) -> Option<String>,
) -> Vec<Violation> {
    let mut found = contracts.each(&contracts.fields, |field| {
        let kind = field.kind();
        let rules = contracts.rules(field).cel().into_iter();
        rules
            .into_iter()
            .find_map(|rule| wrong(&rule, kind.as_message()))
    });
    found.extend(contracts.each(&contracts.messages, |message| {
        let rules = contracts.message_rules(message).cel();
        rules.iter().find_map(|rule| wrong(rule, Some(message)))
    }));
    found
}

fn required_rules(contracts: &Contracts) -> Vec<Violation> {
    each_cel(contracts, |rule, _| {
        let fits = rule.reads(rule.field()) && rule.message.starts_with(REQUIRED);
        (rule.name() == "required" && !fits)
            .then(|| format!("the rule {} does not read its field or say so", rule.id))
    })
}

fn order_rules(contracts: &Contracts) -> Vec<Violation> {
    let messages = contracts
        .messages
        .iter()
        .filter(|one| contracts.is_sent(one));
    contracts.each(messages, |message| {
        let rules = contracts.message_rules(message).cel();
        message.fields().find_map(|end| {
            let is_end = end.name().starts_with("end_") || end.name().starts_with("last_");
            let start = counterpart(end.name()).filter(|_| is_end)?;
            // Minutes of a day are ordered like times.
            let is_range = is_moment(&end) || end.name().ends_with("_minute");
            message.get_field_by_name(&start).filter(|_| is_range)?;
            let is_checked = rules.iter().any(|rule| {
                let is_order = rule.name().ends_with(".order") && rule.field() == end.name();
                is_order && rule.reads(&start) && rule.reads(end.name())
            });
            (!is_checked).then(|| format!("has no rule `<type>.order/{}` on both", end.name()))
        })
    })
}

fn cel_rules(contracts: &Contracts) -> Vec<Violation> {
    let mut found = each_cel(contracts, |rule, message| {
        let is_named = rule.name().split('.').all(is_snake);
        let is_complete = rule.expression.contains("this") && !rule.message.is_empty();
        if !is_named || !is_complete {
            return Some(format!(
                "the rule \"{}\" has no name, message or expression",
                rule.id
            ));
        }
        // Only an order needs a field to be reported at.
        let is_whole = rule.field().is_empty() && !rule.name().ends_with(".order");
        let is_field = message.is_some_and(|message| resolve(message, rule.field()).is_some());
        let is_field = is_field || is_whole;
        (!is_field).then(|| format!("the rule \"{}\" is about no field", rule.id))
    });
    let twice = |rules: Vec<Cel>| {
        let mut ids = BTreeSet::new();
        let rule = rules.iter().find(|rule| !ids.insert(rule.id.as_str()))?;
        Some(format!("has two rules \"{}\"", rule.id))
    };
    let fields = &contracts.fields;
    found.extend(contracts.each(fields, |one| twice(contracts.rules(one).cel())));
    let messages = &contracts.messages;
    found.extend(contracts.each(messages, |one| twice(contracts.message_rules(one).cel())));
    found
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-133/create-name",
            "rpc CreateNotice(",
            "rpc CreateBoard(",
        ),
        change(
            "AIP-133/create-request",
            "  Notice notice = 2 [\n    (buf.validate.field).required = true,",
            "  Notice notice = 2 [",
        ),
        change(
            "AIP-133/create-request",
            "  Notice notice = 2 [",
            "  string hint = 3;\n  Notice notice = 2 [",
        ),
        change(
            "AIP-133/create-request",
            "  Notice notice = 2 [",
            "  Notice board = 2 [",
        ),
        change(
            "AIP-133/required-stated",
            "; `title` and `copy_count` are required.",
            ".",
        ),
        change(
            "AIP-133/required-checked",
            "`title` and `copy_count` are",
            "`title`, `places` and `copy_count` are",
        ),
        change(
            "AIP-133/required-checked",
            "`title` and `copy_count` are",
            "`title` is",
        ),
        change(
            "AIP-133/required-checked",
            "id: \"required-copy_count\"",
            "id: \"needed-copy_count\"",
        ),
        change(
            "house/required-rules",
            "id: \"required-copy_count\"",
            "id: \"required-copies\"",
        ),
        change(
            "house/required-rules",
            "message: \"is required\"",
            "message: \"must be set\"",
        ),
        change(
            "house/required-rules",
            "expression: \"this.copy_count != 0\"",
            "expression: \"this.title != ''\"",
        ),
        change(
            "house/order-rules",
            "id: \"date.order-end_date\"",
            "id: \"date.order-start_date\"",
        ),
        change(
            "house/order-rules",
            "this.start_date.year < this.end_date.year",
            "has(this.end_date)",
        ),
        change(
            "house/cel-rules",
            "message: \"must be after start_date\"",
            "message: \"\"",
        ),
        change(
            "house/cel-rules",
            "id: \"required-copy_count\"",
            "id: \"required-title\"",
        ),
        change(
            "house/cel-rules",
            "id: \"date.order-end_date\"",
            "id: \"date.order\"",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
