//! A small contract that breaks no rule, and changes to it that each break one: how the
//! rules themselves are tested.

use std::{collections::BTreeMap, sync::LazyLock};

use prost_reflect::DescriptorPool;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use super::*;

/// A change to the sample that breaks a rule.
pub(super) struct Example {
    rule: &'static str,
    edit: Edit,
}

enum Edit {
    /// Replaces the first occurrence of a text.
    Change(&'static str, &'static str),
    /// Adds declarations to the file of the record.
    Add(&'static str),
    /// Adds a file.
    File(&'static str, &'static str),
}

/// Breaks a rule by replacing the first occurrence of a text in the sample.
pub(super) const fn change(rule: &'static str, from: &'static str, to: &'static str) -> Example {
    let edit = Edit::Change(from, to);
    Example { rule, edit }
}

/// Breaks a rule by adding declarations to the sample.
pub(super) const fn add(rule: &'static str, text: &'static str) -> Example {
    let edit = Edit::Add(text);
    Example { rule, edit }
}

/// Breaks a rule by adding a file to the sample.
pub(super) const fn file(rule: &'static str, name: &'static str, text: &'static str) -> Example {
    let edit = Edit::File(name, text);
    Example { rule, edit }
}

/// The files of the sample, in the order in which changes look for their text.
const SAMPLE: [(&str, &str); 4] = [
    (NOTICE, include_str!("sample/notice.proto")),
    (
        "wangge/sample/v1/notice_service.proto",
        include_str!("sample/notice_service.proto"),
    ),
    (
        "wangge/sample/v1/notice_import_service.proto",
        include_str!("sample/notice_import_service.proto"),
    ),
    (
        "wangge/errors/v1/guard.proto",
        include_str!("sample/errors.proto"),
    ),
];

/// The file of the sample's record.
const NOTICE: &str = "wangge/sample/v1/notice.proto";

/// Files that examples import, and that are not the sample's own.
const FOREIGN: [(&str, &str); 2] = [
    (
        "google/type/date.proto",
        "syntax = \"proto3\"; package google.type; message Date {}",
    ),
    (
        "wangge/tickets/v1/foreign.proto",
        "syntax = \"proto3\"; package wangge.tickets.v1; message Foreign {}",
    ),
];

/// The real contracts, of which the sample uses the options and the shared types.
static OURS: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(wangge_api::FILE_DESCRIPTOR_SET).unwrap());

/// Resolves files from their texts, and those of others from our own descriptors.
struct Texts(BTreeMap<String, String>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Some(text) = self.0.get(name) {
            return File::from_source(name, text);
        }
        let file = OURS.get_file_by_name(name);
        let file = file.filter(|file| file.name().starts_with("buf/"));
        let file = file.ok_or_else(|| protox::Error::file_not_found(name))?;
        let mut file = file.file_descriptor_proto().clone();
        // Thousands of comments, for each compilation.
        file.source_code_info = None;
        Ok(File::from_file_descriptor_proto(file))
    }
}

/// Returns the file that the sample imports all shared types and options from: it need not
/// know in which files these are.
fn shared() -> String {
    let files = OURS
        .files()
        .filter(|file| ["wangge.options.v1", "wangge.types.v1"].contains(&file.package_name()));
    let imports = files.map(|file| format!("import public \"{}\";\n", file.name()));
    format!("syntax = \"proto3\";\n{}", imports.collect::<String>())
}

/// Compiles the sample with a change.
fn compile(edit: Option<&Edit>) -> Contracts {
    let mut texts: BTreeMap<String, String> = SAMPLE
        .iter()
        .chain(&FOREIGN)
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    texts.insert("wangge/shared.proto".to_owned(), shared());
    match edit {
        None => {}
        Some(Edit::Change(from, to)) => {
            let mut names = SAMPLE.iter().map(|(name, _)| *name);
            let name = names.find(|name| texts[*name].contains(from));
            let name = name.unwrap_or_else(|| panic!("the sample has no {from:?}"));
            let changed = texts[name].replacen(from, to, 1);
            texts.insert(name.to_owned(), changed);
        }
        Some(Edit::Add(text)) => {
            let notice = texts.get_mut(NOTICE).unwrap();
            notice.push_str(text);
        }
        Some(Edit::File(name, text)) => {
            texts.insert((*name).to_owned(), (*text).to_owned());
        }
    }
    let is_sample =
        |name: &str| name.starts_with("wangge/sample/") || name.starts_with("wangge/errors/");
    let names: Vec<String> = texts
        .keys()
        .filter(|name| is_sample(name))
        .cloned()
        .collect();
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(texts));
    resolver.add(IncludeFileResolver::new(
        crate::root().unwrap().join("proto"),
    ));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    for name in names {
        let opened = compiler.open_file(&name);
        opened.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let bytes = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(bytes.as_slice()).unwrap();
    Contracts::of(pool, is_sample)
}

/// Returns what a rule finds in the sample after a change.
fn violations(rule: &str, edit: Option<&Edit>) -> Vec<Violation> {
    let declared = rules().find(|one| one.id == rule);
    let declared = declared.unwrap_or_else(|| panic!("{rule} is not a rule"));
    match declared.verdict {
        Verdict::Held(check) => check(&compile(edit)),
        Verdict::Departed(_) => panic!("{rule} is not held"),
    }
}

/// Asserts that every held rule of a group has an example, and finds it.
pub(super) fn prove(group: &[Rule], examples: &[Example]) {
    for rule in group {
        let has_one = examples.iter().any(|example| example.rule == rule.id);
        let is_held = matches!(rule.verdict, Verdict::Held(_));
        assert_eq!(has_one, is_held, "{}: examples", rule.id);
    }
    for Example { rule, edit } in examples {
        assert!(
            group.iter().any(|one| one.id == *rule),
            "{rule} is another group's"
        );
        let found = violations(rule, Some(edit));
        assert!(!found.is_empty(), "{rule} does not find its example");
    }
}

#[test]
fn the_sample_breaks_no_rule() {
    let contracts = compile(None);
    let mut found = Vec::new();
    for rule in rules() {
        if let Verdict::Held(check) = rule.verdict {
            found.extend(judge(rule.id, check(&contracts), &[]));
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_violation_names_file_line_and_element() {
    let edit = Edit::Change("string title = 2", "string titleOf = 2");
    let found = violations("AIP-140/snake-case", Some(&edit));
    let text = include_str!("sample/notice.proto");
    let line = text
        .lines()
        .position(|line| line.contains("string title = 2"))
        .unwrap()
        + 1;
    let expected = Violation {
        file: NOTICE.to_owned(),
        line,
        element: "wangge.sample.v1.Notice.titleOf".to_owned(),
        problem: "is not in snake case".to_owned(),
    };
    assert_eq!(found, [expected]);
}
