//! Rules on the policies of methods: who may call them, and how a call is repeated.

use std::collections::BTreeSet;

use prost_reflect::MethodDescriptor;

use super::{
    Rule, departed, held,
    model::{Contracts, Violation},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-211/policy",
        "Every method has a policy with roles, a scope and an idempotency class.",
        policy,
    ),
    held("house/roles", "No policy lists a role twice.", roles),
    held(
        "house/reads-and-writes",
        "`Get…`, `List…`, `BatchGet…`, `Watch…`, `Export…`, `Explain…`, `Locate…` and \
         `Subscribe` are reads, streams of requests are identified by record ids, and all \
         other methods are writes.",
        reads_and_writes,
    ),
    held(
        "house/idempotency-level",
        "`idempotency_level` is `NO_SIDE_EFFECTS` at reads and `IDEMPOTENT` at writes, so that \
         generated clients and proxies know what they can repeat.",
        idempotency_level,
    ),
    departed(
        "AIP-194/automatic-retries",
        "Only UNAVAILABLE is retried automatically.",
        "Writes carry a `request_id`, so ABORTED and RESOURCE_EXHAUSTED are safe to repeat, \
         too, where `RetryInfo` says so.",
    ),
];

fn policy(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let Some(policy) = contracts.policy(method) else {
            return Some("has no policy".to_owned());
        };
        let is_open = policy.roles.is_empty()
            || policy.roles.contains(&0)
            || policy.scope == "SCOPE_UNSPECIFIED"
            || policy.idempotency == "IDEMPOTENCY_UNSPECIFIED";
        is_open.then(|| "its policy leaves roles, scope or idempotency open".to_owned())
    })
}

fn roles(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let roles = contracts.policy(method)?.roles;
        let different: BTreeSet<i32> = roles.iter().copied().collect();
        (different.len() < roles.len()).then(|| "lists a role twice".to_owned())
    })
}

/// Verbs that read.
const READS: &[&str] = &[
    "Get",
    "List",
    "BatchGet",
    "Watch",
    "Export",
    "Explain",
    "Locate",
    "Subscribe",
];

/// Returns the idempotency class that follows from a method's name.
fn class(method: &MethodDescriptor) -> &'static str {
    let verb = super::names::words(method.name()).swap_remove(0);
    let is_batch = method.name().starts_with("BatchGet");
    if is_batch || READS.contains(&verb.as_str()) {
        "IDEMPOTENCY_READ"
    } else if method.is_client_streaming() {
        "IDEMPOTENCY_RECORD_ID"
    } else {
        "IDEMPOTENCY_REQUEST_ID"
    }
}

fn reads_and_writes(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let declared = contracts.policy(method)?.idempotency;
        let wanted = class(method);
        (declared != wanted).then(|| format!("is {declared}, not {wanted}"))
    })
}

fn idempotency_level(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let policy = contracts.policy(method)?;
        let is_read = policy.idempotency == "IDEMPOTENCY_READ";
        let wanted = if is_read {
            "NO_SIDE_EFFECTS"
        } else {
            "IDEMPOTENT"
        };
        let level = method.options();
        let level = level.get_field_by_name("idempotency_level")?;
        let level = level.as_enum_number().unwrap_or_default();
        let levels = ["IDEMPOTENCY_UNKNOWN", "NO_SIDE_EFFECTS", "IDEMPOTENT"];
        let found = usize::try_from(level)
            .ok()
            .and_then(|level| levels.get(level))?;
        (*found != wanted).then(|| format!("its idempotency_level is {found}, not {wanted}"))
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-211/policy",
            "option (wangge.options.v1.policy) = {\n      roles: [ROLE_STAFF]\n      scope: SCOPE_AREA\n      idempotency: IDEMPOTENCY_REQUEST_ID\n    };",
            "",
        ),
        change("AIP-211/policy", "roles: [ROLE_STAFF]", "roles: []"),
        change("AIP-211/policy", "      scope: SCOPE_AREA\n", ""),
        change(
            "house/roles",
            "roles: [ROLE_STAFF]",
            "roles: [ROLE_STAFF, ROLE_STAFF]",
        ),
        change(
            "house/reads-and-writes",
            "rpc GetNotice(",
            "rpc ReadNotice(",
        ),
        change(
            "house/reads-and-writes",
            "rpc WithdrawNotice(",
            "rpc ListWithdrawnNotices(",
        ),
        change(
            "house/idempotency-level",
            "option idempotency_level = NO_SIDE_EFFECTS;",
            "",
        ),
        change(
            "house/idempotency-level",
            "idempotency_level = IDEMPOTENT;",
            "idempotency_level = NO_SIDE_EFFECTS;",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
