//! The table of the rules in `proto/README.md`, which is written from their declarations.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};

use super::{EXCEPTIONS, Rule, Verdict, rules};

const BEGIN: &str = "<!-- Written by `cargo xtask check contracts --write`. -->\n";
const END: &str = "<!-- End of the rules. -->\n";

/// Compares the page with the rules, or writes it. Returns what is wrong.
pub(super) fn check(root: &Path, write: bool) -> Result<Option<String>> {
    let file = root.join("proto/README.md");
    let page = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let Some(wanted) = with_table(&page, &table()) else {
        return Ok(Some("proto/README.md: has no table of rules".to_owned()));
    };
    if wanted == page {
        return Ok(None);
    }
    if write {
        fs::write(&file, wanted).with_context(|| file.display().to_string())?;
        return Ok(None);
    }
    let how = "run `cargo xtask check contracts --write`";
    Ok(Some(format!(
        "proto/README.md: the rules have changed: {how}"
    )))
}

/// Replaces what is between the markers. None without markers.
fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

fn table() -> String {
    let mut table =
        String::from("| Rule | From | Statement | Held or why not |\n|---|---|---|---|\n");
    for rule in rules() {
        let (from, name) = rule.id.split_once('/').unwrap_or_default();
        let from = match from.strip_prefix("AIP-") {
            Some(number) => format!("[{from}](https://google.aip.dev/{number})"),
            None => from.to_owned(),
        };
        // Writing to a text can't fail.
        let _ = writeln!(
            table,
            "| {name} | {from} | {} | {} |",
            rule.states,
            verdict(rule)
        );
    }
    table
}

fn verdict(rule: &Rule) -> String {
    if let Verdict::Departed(reason) = rule.verdict {
        return format!("Departed: {reason}");
    }
    let exceptions = EXCEPTIONS.iter().filter(|one| one.rule == rule.id);
    let excepted = exceptions.map(|one| {
        let short = |element: &&str| match element.strip_prefix("wangge.") {
            Some(name) => format!("`{name}`"),
            None => format!("`{element}`"),
        };
        let elements: Vec<String> = one.elements.iter().map(short).collect();
        format!(" Except {}: {}", elements.join(", "), one.reason)
    });
    format!("Held.{}", excepted.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_replaces_what_is_between_the_markers() {
        let page = format!("before\n{BEGIN}old{END}after\n");
        let written = with_table(&page, "| new |\n").unwrap();
        assert_eq!(written, format!("before\n{BEGIN}\n| new |\n\n{END}after\n"));
        assert_eq!(with_table(&written, "| new |\n").unwrap(), written);
        assert_eq!(with_table("no markers", ""), None);
    }

    #[test]
    fn every_rule_has_a_row() {
        let table = table();
        assert_eq!(table.lines().count(), rules().count() + 2);
        assert!(table.contains("| [AIP-131](https://google.aip.dev/131) |"));
        assert!(
            table
                .lines()
                .all(|row| row.matches(" | ").count() == 3 || row.contains("---"))
        );
    }
}
