//! Rules on the errors that methods document.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::MethodDescriptor;

use super::{
    Rule,
    comments::quoted,
    held,
    model::{Contracts, Violation, resolve},
    names::is_camel,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-193/errors-listed",
        "The comment of a method has a paragraph \"Errors:\".",
        errors_listed,
    ),
    held(
        "AIP-193/reasons",
        "What that paragraph names are values of `wangge.errors.v1.Reason`, without prefix.",
        reasons,
    ),
    held(
        "house/guards",
        "GUARD_FAILED is followed by the guards, which are values of \
         `wangge.errors.v1.Guard`, without prefix: GUARD_FAILED (`SHIFT_OVERLAPS`: …).",
        guards,
    ),
    held(
        "house/guards-used",
        "The comment of a guard names the methods that list it (\"Failed by …\"), all of them \
         and no others, unless it is \"Failed by every method\" of some sort.",
        guards_used,
    ),
    held(
        "AIP-193/error-paths",
        "Paths that are quoted behind REFERENCE_UNKNOWN are fields of the request.",
        error_paths,
    ),
    held(
        "AIP-193/codes",
        "The comment of a reason begins with its gRPC code.",
        codes,
    ),
];

/// Returns the paragraph of a method's comment that lists its errors.
fn errors(contracts: &Contracts, method: &MethodDescriptor) -> Option<String> {
    let comment = contracts.comment(method);
    let paragraphs = comment.split("\n\n");
    let mut paragraphs = paragraphs.map(str::trim);
    let errors = paragraphs.find(|paragraph| paragraph.starts_with("Errors:"))?;
    Some(errors.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn errors_listed(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        errors(contracts, method)
            .is_none()
            .then(|| "lists no errors (\"Errors: …\")".to_owned())
    })
}

/// Returns true if an enum of the errors' package has a value.
fn is_value(contracts: &Contracts, name: &str, value: &str) -> bool {
    let one = contracts
        .pool
        .get_enum_by_name(&format!("wangge.errors.v1.{name}"));
    let full = format!("{}_{value}", name.to_ascii_uppercase());
    one.is_some_and(|one| one.get_value_by_name(&full).is_some())
}

/// Returns the text without what is in backquotes.
fn unquoted(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

fn reasons(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let text = unquoted(&errors(contracts, method)?);
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        // Shorter words in capitals are abbreviations.
        let mut words = words.filter(|word| word.len() > 5);
        let unknown = words.find(|word| !is_value(contracts, "Reason", word))?;
        Some(format!("names {unknown}, which is not a reason"))
    })
}

/// Returns what is in parentheses behind a reason, or an empty text without them.
fn behind<'a>(errors: &'a str, reason: &str) -> Option<&'a str> {
    let (_, rest) = errors.split_once(reason)?;
    let Some(rest) = rest.trim_start().strip_prefix('(') else {
        return Some("");
    };
    let mut depth = 1;
    let end = rest.find(|c: char| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// Returns the guards in the parentheses behind GUARD_FAILED: what is quoted at the
/// beginning of each part, before its explanation.
fn listed(part: &str) -> Vec<&str> {
    let mut guards = Vec::new();
    for part in part.split("; ").filter(|part| part.trim().starts_with('`')) {
        let names = part.split(':').next().unwrap_or_default();
        guards.extend(quoted(names));
    }
    guards
}

fn guards(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let errors = errors(contracts, method)?;
        let part = behind(&errors, "GUARD_FAILED")?;
        let guards = listed(part);
        if guards.is_empty() {
            return Some("lists no guard behind GUARD_FAILED".to_owned());
        }
        let unknown = guards
            .iter()
            .filter(|guard| !is_value(contracts, "Guard", guard));
        let unknown: Vec<String> = unknown.map(|guard| format!("`{guard}`")).collect();
        (!unknown.is_empty()).then(|| format!("names {}: not a value of Guard", unknown.join(", ")))
    })
}

fn guards_used(contracts: &Contracts) -> Vec<Violation> {
    let mut users: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for method in &contracts.methods {
        let errors = errors(contracts, method).unwrap_or_default();
        for guard in listed(behind(&errors, "GUARD_FAILED").unwrap_or_default()) {
            users
                .entry(guard.to_owned())
                .or_default()
                .insert(method.name());
        }
    }
    let values = contracts.values.iter();
    let guards =
        values.filter(|value| value.parent_enum().name() == "Guard" && value.number() != 0);
    contracts.each(guards, |value| {
        let comment = contracts.prose(value);
        let Some((_, clause)) = comment.split_once("Failed by ") else {
            return Some("does not say \"Failed by …\"".to_owned());
        };
        if clause.starts_with("every method") {
            return None;
        }
        let clause = clause.split('.').next().unwrap_or_default();
        let words = clause.split(|c: char| !c.is_ascii_alphanumeric());
        let named: BTreeSet<&str> = words
            .filter(|word| word.len() > 1 && is_camel(word))
            .collect();
        let guard = value.name().strip_prefix("GUARD_").unwrap_or_default();
        let listing = users.get(guard).cloned().unwrap_or_default();
        if let Some(method) = named.difference(&listing).next() {
            return Some(format!("names {method}, which does not list it"));
        }
        let method = listing.difference(&named).next()?;
        Some(format!("does not name {method}, which lists it"))
    })
}

fn error_paths(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let errors = errors(contracts, method)?;
        let part = behind(&errors, "REFERENCE_UNKNOWN")?;
        let names = part.split(':').next().unwrap_or_default();
        let unknown = quoted(names).find(|path| resolve(&method.input(), path).is_none())?;
        Some(format!(
            "names `{unknown}`, which is not a field of the request"
        ))
    })
}

/// The canonical codes that a reason can have.
const CODES: &[&str] = &[
    "ABORTED",
    "ALREADY_EXISTS",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "FAILED_PRECONDITION",
    "INTERNAL",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OUT_OF_RANGE",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
];

fn codes(contracts: &Contracts) -> Vec<Violation> {
    let values = contracts.values.iter();
    let reasons =
        values.filter(|value| value.parent_enum().name() == "Reason" && value.number() != 0);
    contracts.each(reasons, |value| {
        let comment = contracts.prose(value);
        let code = comment.split(':').next().unwrap_or_default();
        (!CODES.contains(&code)).then(|| "does not begin with a gRPC code and a colon".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-193/errors-listed",
            "  // Errors: RECORD_NOT_FOUND.",
            "  // It may not be found.",
        ),
        change(
            "AIP-193/reasons",
            "  // Errors: RECORD_NOT_FOUND.",
            "  // Errors: RECORD_MISSING.",
        ),
        change(
            "house/guards",
            "`SHOWN_TODAY`: it is",
            "`shown_today`: it is",
        ),
        change(
            "house/guards",
            "`REFERENCE_NOT_CURRENT`: its",
            "`AREA_NOT_CURRENT`: its",
        ),
        change(
            "house/guards",
            " (`SHOWN_TODAY`: it is shown\n  // today; `REFERENCE_NOT_CURRENT`: its area has ended)",
            "",
        ),
        change(
            "house/guards-used",
            "Failed by WithdrawNotice.",
            "Failed by EndNotice.",
        ),
        change(
            "house/guards-used",
            "Failed by WithdrawNotice.",
            "Failed by WithdrawNotice and EndNotice.",
        ),
        change("house/guards-used", "Failed by WithdrawNotice.", "Wait."),
        change(
            "AIP-193/error-paths",
            "REFERENCE_UNKNOWN (`notice.area_code`)",
            "REFERENCE_UNKNOWN (`notice.unit_code`)",
        ),
        change(
            "AIP-193/codes",
            "NOT_FOUND: the record does not exist.",
            "The record does not exist.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
