//! The words that don't come back. Comments and texts use the field's standard terms
//! (proto/glossary.md); each entry here is a paraphrase that stood for one. Identifiers
//! are left to reviewers: a word can be right in a name.

use std::path::Path;

use crate::sources::Source;

/// Words that are not used, and what to write instead. Lower case, whole words.
const WORDS: &[(&str, &str)] = &[
    ("anew", "again"),
    ("answers", "returns"),
    ("in vain", "without result"),
    ("is no day", "is not a valid calendar date"),
    ("meanwhile", "by another request"),
    ("tells", "returns, sends or reports"),
    ("whoever", "callers that"),
];

/// Reports each comment or text of a source file, its tests excepted, with such a word.
pub(crate) fn check(source: &Source, broken: &mut Vec<String>) {
    // This file lists them.
    if source.path.ends_with(file!()) {
        return;
    }
    for (number, line) in source.code.lines().enumerate() {
        let prose = prose(line).to_lowercase();
        for (word, instead) in WORDS.iter().filter(|(word, _)| contains(&prose, word)) {
            broken.push(complaint(&source.path, number + 1, word, instead));
        }
    }
}

fn complaint(path: &Path, line: usize, word: &str, instead: &str) -> String {
    format!("{}:{line}: \"{word}\": write \"{instead}\"", path.display())
}

/// Returns what a person reads in a line: its comment, and the texts in its code without
/// their placeholders.
fn prose(line: &str) -> String {
    if line.trim_start().starts_with("//") {
        return line.to_owned();
    }
    let texts = line.split('"').skip(1).step_by(2);
    let texts = texts.map(|text| {
        let mut parts = text.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |prose, part| {
            prose + " " + part.split_once('}').map_or(part, |(_, rest)| rest)
        })
    });
    let comment = line.split_once(" // ").map_or("", |(_, comment)| comment);
    texts
        .chain([comment.to_owned()])
        .collect::<Vec<_>>()
        .join(" ")
}

fn contains(prose: &str, word: &str) -> bool {
    prose.match_indices(word).any(|(start, found)| {
        let before = prose[..start].chars().next_back();
        let after = prose[start + found.len()..].chars().next();
        [before, after]
            .iter()
            .flatten()
            .all(|c| !c.is_alphanumeric() && *c != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<String> {
        let mut broken = Vec::new();
        let source = Source {
            path: "a.rs".into(),
            layer: String::new(),
            code: code.to_owned(),
            text: code.to_owned(),
        };
        check(&source, &mut broken);
        broken
    }

    #[test]
    fn a_word_is_found_in_comments_and_texts() {
        let found = found("/// Answers the sum.\nlet a = \"12 is no day\"; // built anew\n");
        let lines: Vec<_> = found
            .iter()
            .filter_map(|line| line.split('"').next())
            .collect();
        assert_eq!(lines, ["a.rs:1: ", "a.rs:2: ", "a.rs:2: "]);
    }

    #[test]
    fn names_and_longer_words_are_left_alone() {
        let clean = "let answers = \"{answers:?} renewed\"; // `forAnewline`, tellsomething\n";
        assert_eq!(found(clean), [""; 0]);
    }
}
