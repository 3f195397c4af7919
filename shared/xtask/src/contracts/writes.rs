//! Rules on all methods that write: request ids, etags, verbs and ends.

use prost_reflect::{FieldDescriptor, Kind, MethodDescriptor};

use super::{
    Rule, departed, held,
    methods::is_write,
    model::{Contracts, Violation, noun},
    names::snake,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-155/request-id",
        "A write's first field is `request_id`, a UUID, and reads have none.",
        request_id,
    ),
    held(
        "AIP-154/etag-in-requests",
        "The request of an End or a verb has an `etag` of at most 64 characters; an Update has \
         it in its record.",
        etag_in_requests,
    ),
    held(
        "AIP-136/verbs-name-records",
        "The request of an End or a verb names the record in `id`, or in `<record>_id`.",
        verbs_name_records,
    ),
    held(
        "AIP-136/verbs-leave-records",
        "The request of an End or a verb does not contain the record, and no field is output \
         only.",
        verbs_leave_records,
    ),
    held(
        "house/ends",
        "The request of `End<Record>` has `id`, `etag`, `end_date` and `correction_reason`.",
        ends,
    ),
    held(
        "house/reasons",
        "Reasons that a caller gives have at most 500 characters, everywhere.",
        reasons,
    ),
    departed(
        "AIP-163/validate-only",
        "Any change can be validated without being made.",
        "Only imports can (`validate_only`): there a whole data set is at stake. A call that \
         fails has no effect.",
    ),
    departed(
        "AIP-164/undelete",
        "What was deleted can be restored.",
        "Nothing is deleted. An end can be corrected, with a reason.",
    ),
    departed(
        "AIP-165/criteria",
        "Records that match a filter can be removed at once.",
        "Each end is a decision on one record.",
    ),
];

fn request_id(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let request = method.input();
        let field = request.get_field_by_name("request_id");
        if !is_write(contracts, method) {
            return field.map(|_| "is not a write, but has a `request_id`".to_owned());
        }
        let field = field.filter(|field| field.number() == 1);
        let is_uuid = field.is_some_and(|field| contracts.rules(&field).is("string.uuid"));
        (!is_uuid).then(|| "its request does not begin with a UUID `request_id`".to_owned())
    })
}

/// Returns true for an End or a verb: a write other than Create and Update.
fn is_verb(contracts: &Contracts, method: &MethodDescriptor) -> bool {
    let is_standard = ["Create", "Update"]
        .iter()
        .any(|verb| noun(method, verb).is_some());
    is_write(contracts, method) && !is_standard
}

fn verbs(contracts: &Contracts) -> impl Iterator<Item = &MethodDescriptor> {
    contracts
        .methods
        .iter()
        .filter(|method| is_verb(contracts, method))
}

fn etag_in_requests(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(verbs(contracts), |method| {
        let request = method.input();
        let etag = request.get_field_by_name("etag");
        let longest = etag.and_then(|field| contracts.rules(&field).number("string.max_len"));
        (longest != Some(64.0))
            .then(|| "its request has no `etag` of at most 64 characters".to_owned())
    })
}

fn verbs_name_records(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(verbs(contracts), |method| {
        let request = method.input();
        let own = format!("{}_id", snake(method.output().name()));
        let id = request
            .get_field_by_name("id")
            .or_else(|| request.get_field_by_name(&own));
        let is_uuid = id.is_some_and(|field| contracts.rules(&field).is("string.uuid"));
        (!is_uuid).then(|| format!("its request has no UUID `id` or `{own}`"))
    })
}

fn verbs_leave_records(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(verbs(contracts), |method| {
        let output = method.output();
        let request = method.input();
        let mut fields = request.fields();
        let field = fields.find(|field| {
            field.kind() == Kind::Message(output.clone())
                || contracts.has_flag(field, "output_only")
        })?;
        Some(format!("its request has the field `{}`", field.name()))
    })
}

fn ends(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("End"), |method| {
        let request = method.input();
        let wanted = ["request_id", "id", "etag", "end_date", "correction_reason"];
        let missing = wanted
            .iter()
            .find(|name| request.get_field_by_name(name).is_none())?;
        Some(format!("its request has no `{missing}`"))
    })
}

/// Returns true for a text that gives a reason.
pub(super) fn is_reason(field: &FieldDescriptor) -> bool {
    let name = field.name();
    field.kind() == Kind::String && (name == "reason" || name.ends_with("_reason"))
}

fn reasons(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(
        contracts.sent_fields().filter(|field| is_reason(field)),
        |field| {
            let longest = contracts.rules(field).number("string.max_len");
            (longest != Some(500.0)).then(|| "is not limited to 500 characters".to_owned())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-155/request-id",
            "message WithdrawNoticeRequest {\n  // Idempotency key: a UUID chosen by the caller.\n  string request_id = 1 [(buf.validate.field).string.uuid = true];",
            "message WithdrawNoticeRequest {\n  // Idempotency key: a UUID chosen by the caller.\n  string request_id = 1;",
        ),
        change(
            "AIP-155/request-id",
            "message GetNoticeRequest {",
            "message GetNoticeRequest {\n  string request_id = 2;",
        ),
        change(
            "AIP-154/etag-in-requests",
            "string etag = 3 [(buf.validate.field).string.max_len = 64]",
            "string etag = 3",
        ),
        change(
            "AIP-136/verbs-name-records",
            "string id = 2 [(buf.validate.field).string.uuid = true]",
            "string id = 2",
        ),
        change(
            "AIP-136/verbs-leave-records",
            "message WithdrawNoticeRequest {",
            "message WithdrawNoticeRequest {\n  Notice notice = 9;",
        ),
        change(
            "house/ends",
            "string correction_reason = 5",
            "string explanation = 5",
        ),
        change("house/reasons", "max_len: 500", "max_len: 501"),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
