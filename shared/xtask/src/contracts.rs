//! Lints the contracts: the design rules that they follow (Google's AIPs, Buf's style and
//! the house's own), each a declared item with a check or with the reason for departing
//! from it. `buf lint` checks syntax and style, and the build that policies and validators
//! exist; neither is repeated here without need. It reads the descriptors only and knows
//! no service.
//!
//! A rule is one item in the table of its group and one function; its group's tests have
//! an example that breaks it. `proto/README.md` lists all rules, from these tables.

mod batches;
mod bounds;
mod comments;
mod constraints;
mod creation;
mod departures;
mod enums;
mod errors;
mod exceptions;
mod fields;
mod files;
mod generated;
mod lists;
mod methods;
mod model;
mod names;
mod options;
mod page;
mod policies;
mod quantities;
mod records;
mod references;
mod reserved;
#[cfg(test)]
mod sample;
mod stated;
mod updates;
mod writes;

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use prost_reflect::DescriptorPool;

use crate::say;
use exceptions::EXCEPTIONS;
use model::{Contracts, Violation};

/// Finds every violation of one rule.
type Check = fn(&Contracts) -> Vec<Violation>;

/// A rule on the contracts.
struct Rule {
    /// Where it comes from, and its name: `AIP-131/get-name`, `house/streams`.
    id: &'static str,
    /// What holds, in one sentence.
    states: &'static str,
    verdict: Verdict,
}

/// Whether the contracts follow a rule.
enum Verdict {
    /// They do, and this function finds violations.
    Held(Check),
    /// They depart from it on purpose, for this reason.
    Departed(&'static str),
}

/// Declares a rule that the contracts follow.
const fn held(id: &'static str, states: &'static str, check: Check) -> Rule {
    let verdict = Verdict::Held(check);
    Rule {
        id,
        states,
        verdict,
    }
}

/// Declares a rule that the contracts depart from on purpose.
const fn departed(id: &'static str, states: &'static str, reason: &'static str) -> Rule {
    let verdict = Verdict::Departed(reason);
    Rule {
        id,
        states,
        verdict,
    }
}

/// An exception from a rule, for single elements.
struct Exception {
    rule: &'static str,
    /// Full names of the elements, or paths of files.
    elements: &'static [&'static str],
    reason: &'static str,
}

/// The rules, by group, in the order of the page.
const GROUPS: &[&[Rule]] = &[
    files::RULES,
    options::RULES,
    generated::RULES,
    fields::RULES,
    quantities::RULES,
    enums::RULES,
    comments::RULES,
    records::RULES,
    methods::RULES,
    lists::RULES,
    batches::RULES,
    writes::RULES,
    creation::RULES,
    updates::RULES,
    policies::RULES,
    errors::RULES,
    references::RULES,
    bounds::RULES,
    stated::RULES,
    departures::RULES,
];

fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// Checks the contracts against every rule, and the page that lists them; with `write`, the
/// page is written instead.
pub(crate) fn check(root: &Path, write: bool) -> Result<ExitCode> {
    let pool = DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET)?;
    let contracts = Contracts::of(pool, |file| file.starts_with("wangge/"));
    let mut complaints = Vec::new();
    for rule in rules() {
        if let Verdict::Held(check) = rule.verdict {
            complaints.extend(judge(rule.id, check(&contracts), EXCEPTIONS));
        }
    }
    complaints.extend(page::check(root, write)?);
    for complaint in &complaints {
        say(complaint);
    }
    if complaints.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        let count = complaints.len();
        say(format!(
            "{count} violations of the rules in proto/README.md"
        ));
        Ok(ExitCode::FAILURE)
    }
}

/// Returns the violations that are not excepted, and the exceptions that nothing needs.
fn judge(rule: &str, mut found: Vec<Violation>, exceptions: &[Exception]) -> Vec<String> {
    let mut complaints = Vec::new();
    for exception in exceptions.iter().filter(|one| one.rule == rule) {
        for element in exception.elements {
            let before = found.len();
            found.retain(|one| one.element != *element);
            if found.len() == before {
                let unneeded = "is excepted, but does not break the rule: remove its exception";
                complaints.push(format!("{element}: {unneeded} [{rule}]"));
            }
        }
    }
    found.sort();
    let lines = found.into_iter().map(|one| {
        let Violation {
            file,
            line,
            element,
            problem,
        } = one;
        format!("proto/{file}:{line}: {element}: {problem} [{rule}]")
    });
    complaints.extend(lines);
    complaints
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_statement() {
        let mut ids = HashSet::new();
        for rule in rules() {
            assert!(ids.insert(rule.id), "{} is declared twice", rule.id);
            let (from, name) = rule.id.split_once('/').unwrap();
            assert!(
                from.starts_with("AIP-") || ["Buf", "house"].contains(&from),
                "{}",
                rule.id
            );
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                rule.id
            );
            assert!(rule.states.ends_with(['.', '"']), "{}", rule.id);
            if let Verdict::Departed(reason) = rule.verdict {
                assert!(reason.ends_with('.'), "{}", rule.id);
            }
        }
        assert!(ids.len() >= 80, "{}", ids.len());
    }

    #[test]
    fn exceptions_are_from_rules_that_are_held() {
        for exception in EXCEPTIONS {
            let rule = rules().find(|rule| rule.id == exception.rule);
            let rule = rule.unwrap_or_else(|| panic!("{} is not a rule", exception.rule));
            assert!(matches!(rule.verdict, Verdict::Held(_)), "{}", rule.id);
            assert!(exception.reason.ends_with('.'), "{}", exception.reason);
        }
    }

    #[test]
    fn an_exception_excuses_its_element_only_and_must_be_needed() {
        let violation = |element: &str| Violation {
            file: "wangge/a.proto".to_owned(),
            line: 3,
            element: element.to_owned(),
            problem: "is wrong".to_owned(),
        };
        let exceptions = [Exception {
            rule: "house/a",
            elements: &["wangge.A", "wangge.Gone"],
            reason: "It may.",
        }];
        let found = vec![violation("wangge.B"), violation("wangge.A")];
        assert_eq!(
            judge("house/a", found.clone(), &exceptions),
            [
                "wangge.Gone: is excepted, but does not break the rule: remove its exception [house/a]",
                "proto/wangge/a.proto:3: wangge.B: is wrong [house/a]",
            ]
        );
        assert_eq!(judge("house/other", found, &exceptions).len(), 2);
    }
}
