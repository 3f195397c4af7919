//! The rules on architecture layers, checked against the text of the sources: which words
//! are allowed in which layer. Each rule enforces one of the README's invariants.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Result;

use crate::{
    migrations, queries, say,
    sources::{SERVICES, Source, sources},
};

/// A rule: in a service, these words may occur only in these layers.
struct Rule {
    invariant: &'static str,
    words: &'static [&'static str],
    layers: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        invariant: "1: only store names queries",
        words: &["sqlx::query", "query_as!", "query_scalar!", "query_file"],
        layers: &["store", "queries"],
    },
    Rule {
        invariant: "2: only api names tonic",
        words: &["tonic::"],
        layers: &["api", "app", "lib"],
    },
    Rule {
        invariant: "2: generated messages stop at api and events",
        words: &[
            "::organization::v1",
            "::tickets::v1",
            "::volunteers::v1",
            "::reporting::v1",
            "events::v1",
        ],
        layers: &["api", "app", "lib", "events", "consumers", "projections"],
    },
    // In `store` these words are comparisons in SQL; it only ever writes whole rows.
    Rule {
        invariant: "4: a state is set where `next` decides it",
        words: &[".state = "],
        layers: &["domain", "store"],
    },
    // `Instant` is allowed: elapsed time isn't the time of day.
    Rule {
        invariant: "10: time comes from Clock",
        words: &["Utc::now", "SystemTime"],
        layers: &[],
    },
];

/// Words that are forbidden in the domain, which is synchronous and does no I/O.
const NOT_IN_DOMAIN: &[&str] = &[
    "sqlx",
    "tonic",
    "tokio",
    "::v1",
    "wangge_pg",
    "wangge_outbox",
    "async ",
    ".await",
    "clock.now",
];
/// Words that a layer may not contain because they refer to a layer above it.
const NOT_UPWARDS: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::store",
            "crate::commands",
            "crate::api",
            "crate::events",
        ],
    ),
    ("store", &["crate::commands", "crate::api", "crate::events"]),
    ("commands", &["crate::api"]),
    ("events", &["crate::api", "crate::commands", "crate::store"]),
];

/// Checks every rule and reports each file that violates one.
pub(crate) fn check(root: &Path) -> Result<ExitCode> {
    let mut broken = Vec::new();
    for service in SERVICES {
        let krate = root.join("services").join(service);
        for source in sources(root, &krate)? {
            check_source(&source, &mut broken);
        }
        check_dependencies(&krate, &mut broken)?;
    }
    for entry in fs::read_dir(root.join("shared"))? {
        for source in sources(root, &entry?.path())? {
            check_opening(&source, &mut broken);
        }
    }
    queries::check(root, &mut broken)?;
    migrations::check(root, &mut broken)?;
    for line in &broken {
        say(line);
    }
    if broken.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        say(format!("{} rules are broken", broken.len()));
        Ok(ExitCode::FAILURE)
    }
}

fn check_source(source: &Source, broken: &mut Vec<String>) {
    check_opening(source, broken);
    let layer = source.layer.as_str();
    for rule in RULES.iter().filter(|rule| !rule.layers.contains(&layer)) {
        forbid(source, rule.words, rule.invariant, broken);
    }
    if layer == "domain" {
        forbid(source, NOT_IN_DOMAIN, "3: domain only decides", broken);
    }
    for (_, words) in NOT_UPWARDS.iter().filter(|(name, _)| *name == layer) {
        forbid(source, words, "layers reach down, never up", broken);
    }
}

fn check_opening(source: &Source, broken: &mut Vec<String>) {
    if !source.text.starts_with("//!") {
        broken.push(format!(
            "{}: says nothing about what it owns",
            source.path.display()
        ));
    }
}

fn forbid(source: &Source, words: &[&str], invariant: &str, broken: &mut Vec<String>) {
    // Comments may mention what code may not use.
    for (number, line) in source.code.lines().enumerate() {
        let said = line.split("//").next().unwrap_or_default();
        if let Some(word) = words.iter().find(|word| said.contains(**word)) {
            let path = source.path.display();
            broken.push(format!("{path}:{}: `{word}` ({invariant})", number + 1));
        }
    }
}

/// Checks that no service depends on another service's crate.
fn check_dependencies(krate: &Path, broken: &mut Vec<String>) -> Result<()> {
    let manifest = fs::read_to_string(krate.join("Cargo.toml"))?;
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    for other in SERVICES {
        if dependencies.contains(&format!("wangge-{other}")) {
            let name = krate.display();
            broken.push(format!(
                "{name}: depends on {other} (7: no service reads another's tables)"
            ));
        }
    }
    Ok(())
}
