//! The rules on architecture layers, checked against the text of the sources: which words
//! are allowed in which layer. Each rule enforces one of the invariants in
//! services/README.md.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Result;

use crate::{
    migrations, queries, say,
    sources::{SERVICES, Source, shared_crates, sources},
    words,
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
        invariant: "2: only api, import and process name tonic",
        words: &["tonic::"],
        layers: &["api", "app", "import", "lib", "process"],
    },
    Rule {
        invariant: "2: generated messages stop at api, import and events",
        words: &[
            "::organization::v1",
            "::tickets::v1",
            "::volunteers::v1",
            "::reporting::v1",
            "events::v1",
        ],
        layers: &[
            "api",
            "app",
            "consumers",
            "events",
            "import",
            "lib",
            "process",
            "projections",
        ],
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

/// The crates of ours that the domain may name. Their manifests are checked, so that
/// the domain is pure by construction and not only by its words.
const PURE: &[&str] = &["kernel", "places", "record"];

/// Crates that a pure crate may not depend on, other than optionally.
const IMPURE: &[&str] = &["prost", "sqlx", "tokio", "tonic", "wangge-api", "wangge-pg"];

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
            "crate::events",
            "crate::store",
            "crate::commands",
            "crate::api",
            "crate::import",
        ],
    ),
    (
        "events",
        &[
            "crate::store",
            "crate::commands",
            "crate::api",
            "crate::import",
        ],
    ),
    ("store", &["crate::commands", "crate::api", "crate::import"]),
    ("commands", &["crate::api", "crate::import"]),
    ("api", &["crate::import", "crate::process"]),
];

/// Checks every rule and reports each file that violates one.
pub(crate) fn check(root: &Path) -> Result<ExitCode> {
    let mut broken = Vec::new();
    for service in SERVICES {
        let krate = root.join("services").join(service);
        for source in sources(root, &krate)? {
            check_source(&source, &mut broken);
            words::check(&source, &mut broken);
        }
        check_dependencies(&krate, &mut broken)?;
    }
    for krate in PURE {
        check_purity(&root.join("shared").join(krate), &mut broken)?;
    }
    for krate in shared_crates(root)? {
        for source in sources(root, &krate)? {
            check_opening(&source, &mut broken);
            words::check(&source, &mut broken);
        }
    }
    for source in sources(root, &root.join("services/wangge"))? {
        words::check(&source, &mut broken);
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
        forbid(source, NOT_IN_DOMAIN, "3: domain is pure", broken);
        check_domain_crates(source, broken);
    }
    for (_, words) in NOT_UPWARDS.iter().filter(|(name, _)| *name == layer) {
        forbid(source, words, "layers depend on lower layers only", broken);
    }
}

/// Checks that a file of the domain names no crate of ours but the pure ones.
fn check_domain_crates(source: &Source, broken: &mut Vec<String>) {
    for (number, line) in source.code.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let named = code.split("wangge_").skip(1).filter_map(|rest| {
            // A path, not a name that merely begins like a crate's.
            let (name, _) = rest.split_once("::")?;
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            is_name.then_some(name)
        });
        for name in named.filter(|name| !PURE.contains(name)) {
            let path = source.path.display();
            broken.push(format!(
                "{path}:{}: `wangge_{name}` (3: domain depends on {} only)",
                number + 1,
                PURE.join(", ")
            ));
        }
    }
}

/// Checks the manifest of a pure crate: nothing with I/O, but for optional
/// dependencies, and nothing of ours that is not pure itself.
fn check_purity(krate: &Path, broken: &mut Vec<String>) -> Result<()> {
    let manifest = fs::read_to_string(krate.join("Cargo.toml"))?;
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    for line in dependencies.lines() {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let ours = name.strip_prefix("wangge-");
        let is_impure = IMPURE.contains(&name) || ours.is_some_and(|ours| !PURE.contains(&ours));
        if is_impure && !line.contains("optional = true") {
            broken.push(format!("{}: depends on {name} (3)", krate.display()));
        }
    }
    Ok(())
}

fn check_opening(source: &Source, broken: &mut Vec<String>) {
    if !source.text.starts_with("//!") {
        broken.push(format!(
            "{}: has no module documentation (`//!`)",
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
