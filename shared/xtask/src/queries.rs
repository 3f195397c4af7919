//! Checks that queries name the columns that they read. `select *` returns another column
//! after a migration adds one, and a statement that was prepared before it then fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{
    sources::{SERVICES, shared_crates, sources},
    sql::statements,
};

/// Checks the queries of services, of the operator's tool and of shared crates, both in
/// sources and in `.sql` files.
pub(crate) fn check(root: &Path, broken: &mut Vec<String>) -> Result<()> {
    let mut crates: Vec<PathBuf> = SERVICES
        .map(|service| root.join("services").join(service))
        .into();
    crates.push(root.join("services/wangge"));
    crates.extend(shared_crates(root)?);
    for krate in crates {
        for source in sources(root, &krate)? {
            for (line, text) in texts(&source.code) {
                if is_at_fault(&text) {
                    broken.push(format!("{}:{line}: {WHAT}", source.path.display()));
                }
            }
        }
        let mut files = Vec::new();
        collect(&krate.join("src"), &mut files)?;
        for file in files {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            if is_at_fault(&text) {
                let path = file.strip_prefix(root)?.display();
                broken.push(format!("{path}: {WHAT}"));
            }
        }
    }
    Ok(())
}

const WHAT: &str = "a query names the columns that it reads, not `*`";

fn is_at_fault(text: &str) -> bool {
    let all = statements(text);
    all.iter()
        .any(|one| (one.has("select") || one.has("returning")) && one.names_no_columns())
}

/// Returns the string literals of a source with their line numbers. The scanner may also
/// return text that is no literal; none of it looks like a query.
fn texts(code: &str) -> Vec<(usize, String)> {
    let mut texts = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(at) = rest.find(['"', '\'', '/', '\n']) {
        let found = &rest[at..];
        let (text, length) = if found.starts_with("//") {
            (None, found.find('\n').unwrap_or(found.len()))
        } else if rest[..at].ends_with("r#") {
            quoted(found, "\"#")
        } else if found.starts_with('"') {
            quoted(found, "\"")
        // A quote as a `char` would otherwise open a string.
        } else if found.starts_with("'\"'") || found.starts_with("'\\") {
            (None, 3)
        } else {
            (None, 1)
        };
        texts.extend(text.map(|text| (line, text.to_owned())));
        line += found[..length].matches('\n').count();
        rest = &found[length..];
    }
    texts
}

/// Returns the text from the opening quote to `end`, and its length with both quotes.
fn quoted<'t>(text: &'t str, end: &str) -> (Option<&'t str>, usize) {
    let mut from = 1;
    while let Some(at) = text[from..].find(end).map(|at| from + at) {
        // An odd number of backslashes escapes the quote; raw strings have no escapes.
        let slashes = text[..at].chars().rev().take_while(|c| *c == '\\');
        if end == "\"" && slashes.count() % 2 == 1 {
            from = at + 1;
            continue;
        }
        return (Some(&text[1..at]), at + end.len());
    }
    (None, text.len())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_fault(code: &str) -> Vec<usize> {
        let texts = texts(code).into_iter();
        texts
            .filter(|(_, text)| is_at_fault(text))
            .map(|(line, _)| line)
            .collect()
    }

    #[test]
    fn queries_without_columns_are_found_where_they_begin() {
        let code = "//! select * from a\nlet a = query!(\n    \"select id as \\\"id!\\\", a.* \\\n     from a\",\n);\n";
        assert_eq!(at_fault(code), [3]);
        assert_eq!(at_fault("query!(r#\"select * from a\"#)"), [1]);
        let inner = "let b = '\"';\nquery!(r#\"select id as \"id!\", a.* from a\"#)";
        assert_eq!(at_fault(inner), [2]);
    }

    #[test]
    fn queries_with_columns_are_not() {
        let code =
            "let a = query!(\"select id, count(*) \\\n from a\");\nlet b = 2 * 3;\n// select *\n";
        assert_eq!(at_fault(code), Vec::<usize>::new());
    }
}
