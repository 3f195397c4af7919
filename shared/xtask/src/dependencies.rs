//! Checks dependencies against `deny.toml`: licences, registries, denied crates and
//! duplicate versions. It reads `cargo metadata` and compiles nothing; `cargo deny`,
//! which reads the same file, takes minutes to build.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{cargo, say};

/// The rules in `deny.toml`.
#[derive(Debug, Default)]
struct Rules {
    licences: BTreeSet<String>,
    registries: BTreeSet<String>,
    denied: BTreeSet<String>,
    /// Crates that may occur in several versions, for a stated reason.
    several: BTreeSet<String>,
}

/// A package as listed by `cargo metadata`.
#[derive(Debug)]
struct Package {
    name: String,
    version: String,
    licence: String,
    /// None for a crate of this workspace.
    source: Option<String>,
}

/// Checks the dependencies of the workspace at `root`.
pub(crate) fn check(root: &Path) -> Result<ExitCode> {
    let text = fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
    let rules = rules(&text)?;
    let packages = packages(root)?;
    let found = violations(&rules, &packages);
    for violation in &found {
        say(violation);
    }
    if found.is_empty() {
        say(format!("{} crates comply with deny.toml", packages.len()));
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn rules(text: &str) -> Result<Rules> {
    let file: toml::Table = text.parse().context("deny.toml")?;
    let list = |section: &str, key: &str| -> Result<Vec<toml::Value>> {
        let found = file.get(section).and_then(|section| section.get(key));
        let list = found.and_then(toml::Value::as_array);
        list.cloned()
            .with_context(|| format!("deny.toml: {section}.{key} is missing"))
    };
    let texts = |section: &str, key: &str| -> Result<BTreeSet<String>> {
        let list = list(section, key)?.into_iter();
        Ok(list
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect())
    };
    let crates = |key: &str, needs_reason: bool| -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for item in list("bans", key)? {
            let name = item.get("crate").and_then(toml::Value::as_str);
            let name = name.with_context(|| format!("deny.toml: bans.{key}: {item}"))?;
            if needs_reason && item.get("reason").is_none() {
                bail!("deny.toml: bans.{key}: {name} has no reason");
            }
            names.insert(name.to_owned());
        }
        Ok(names)
    };
    Ok(Rules {
        licences: texts("licenses", "allow")?,
        registries: texts("sources", "allow-registry")?,
        denied: crates("deny", false)?,
        several: crates("skip", true)?,
    })
}

/// Returns all packages that are compiled for our platform.
fn packages(root: &Path) -> Result<Vec<Package>> {
    let mut command = cargo(root);
    command.args([
        "metadata",
        "--locked",
        "--format-version=1",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]);
    let output = command.output().context("cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let list = metadata["packages"].as_array().context("packages")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(list
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            source: package["source"].as_str().map(str::to_owned),
        })
        .collect())
}

fn violations(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let what = format!("{} {}", package.name, package.version);
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
        if !is_allowed(&package.licence, &rules.licences) {
            found.push(format!(
                "{what}: licence {:?} is not allowed",
                package.licence
            ));
        }
        let registry = package.source.as_deref();
        let registry = registry.map(|source| source.trim_start_matches("registry+"));
        if registry.is_some_and(|registry| !rules.registries.contains(registry)) {
            found.push(format!(
                "{what}: comes from {}",
                registry.unwrap_or_default()
            ));
        }
        if rules.denied.contains(&package.name) {
            found.push(format!("{what}: is denied"));
        }
    }
    for (name, versions) in &versions {
        let excused = rules.several.contains(*name);
        let versions: Vec<&str> = versions.iter().copied().collect();
        if versions.len() > 1 && !excused {
            let versions = versions.join(", ");
            found.push(format!("{name}: has several versions: {versions}"));
        }
        // Also fails for an exception that is no longer needed, so that the list stays
        // current.
        if versions.len() == 1 && excused {
            found.push(format!(
                "{name}: has one version only: remove its exception"
            ));
        }
    }
    let absent = rules.several.iter();
    let absent = absent.filter(|name| !versions.contains_key(name.as_str()));
    found.extend(absent.map(|name| format!("{name}: is not a dependency: remove its exception")));
    found
}

/// Returns true if the allowed licences satisfy an SPDX expression.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut place = 0;
    let met = either(&tokens, &mut place, allowed);
    met && place == tokens.len()
}

/// Parses alternatives; AND binds more tightly than OR.
fn either(tokens: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(tokens, place, allowed);
    while tokens.get(*place) == Some(&"OR") {
        *place += 1;
        met |= both(tokens, place, allowed);
    }
    met
}

fn both(tokens: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(tokens, place, allowed);
    while tokens.get(*place) == Some(&"AND") {
        *place += 1;
        met &= one(tokens, place, allowed);
    }
    met
}

fn one(tokens: &[&str], place: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(token) = tokens.get(*place) else {
        return false;
    };
    *place += 1;
    if *token == "(" {
        let met = either(tokens, place, allowed);
        let closed = tokens.get(*place) == Some(&")");
        *place += 1;
        return met && closed;
    }
    let mut licence = (*token).to_owned();
    if tokens.get(*place) == Some(&"WITH") {
        let exception = tokens.get(*place + 1).copied().unwrap_or_default();
        licence = format!("{licence} WITH {exception}");
        *place += 2;
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_expression_is_met_as_it_is_written() {
        let allowed = set(&["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
        for met in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND ISC",
            "(MIT OR GPL-3.0) AND ISC",
            "GPL-3.0 OR MIT AND ISC",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(met, &allowed), "{met}");
        }
        for unmet in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR ISC) AND GPL-3.0",
            "Apache-2.0",
            "MIT ISC",
            "(MIT",
        ] {
            assert!(!is_allowed(unmet, &allowed), "{unmet}");
        }
    }

    #[test]
    fn what_is_here_keeps_to_the_rules() {
        let root = crate::root().unwrap();
        let rules = rules(&fs::read_to_string(root.join("deny.toml")).unwrap()).unwrap();
        let packages = packages(&root).unwrap();
        assert!(packages.len() > 100, "{}", packages.len());
        assert_eq!(violations(&rules, &packages), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_keep_to_the_rules_is_named() {
        let rules = Rules {
            licences: set(&["MIT"]),
            registries: set(&["https://registry"]),
            denied: set(&["openssl-sys"]),
            several: set(&["rand", "syn"]),
        };
        let package = |name: &str, version: &str, licence: &str, source: Option<&str>| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            source: source.map(str::to_owned),
        };
        let here = Some("registry+https://registry");
        let good = [
            package("wangge", "0.1.0", "MIT", None),
            package("rand", "0.8.0", "MIT", here),
            package("rand", "0.9.0", "MIT", here),
            package("syn", "2.0.0", "MIT", here),
            package("syn", "3.0.0", "MIT", here),
        ];
        assert_eq!(violations(&rules, &good), Vec::<String>::new());
        let bad = [
            package("copyleft", "1.0.0", "GPL-3.0", here),
            package("strange", "1.0.0", "MIT", Some("git+https://elsewhere")),
            package("openssl-sys", "1.0.0", "MIT", here),
            package("twice", "1.0.0", "MIT", here),
            package("twice", "2.0.0", "MIT", here),
            package("rand", "0.9.0", "MIT", here),
        ];
        let found = violations(&rules, &bad);
        let names: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split([' ', ':']).next())
            .collect();
        assert_eq!(
            names,
            ["copyleft", "strange", "openssl-sys", "rand", "twice", "syn"],
            "{found:?}"
        );
    }
}
