//! Rules on the files' options for languages: each follows from the package, so that a
//! district's generated code has names that no other contract's code has.

use std::collections::BTreeMap;

use prost_reflect::FileDescriptor;

use super::{
    Rule,
    files::stem,
    held,
    model::{Contracts, Violation},
    names::{camel, capitalised},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-191/go-package",
        "`go_package` is `wangge.org/api/<area>/v1;<area>v1`.",
        go_package,
    ),
    held(
        "AIP-191/java-package",
        "`java_package` is `org.wangge.api.<area>.v1`.",
        java_package,
    ),
    held(
        "AIP-191/java-multiple-files",
        "`java_multiple_files` is true, so that each message is a class of its own.",
        java_multiple_files,
    ),
    held(
        "AIP-191/java-outer-classname",
        "The outer class of a file, declared or derived from its name, is not the name of \
         another class of its package.",
        java_outer_classname,
    ),
    held(
        "AIP-191/csharp-namespace",
        "`csharp_namespace` is `Wangge.Api.<Area>.V1`.",
        csharp_namespace,
    ),
    held(
        "AIP-191/php-namespace",
        "`php_namespace` is `Wangge\\Api\\<Area>\\V1`.",
        php_namespace,
    ),
    held(
        "house/php-metadata-namespace",
        "`php_metadata_namespace` is `Wangge\\Api\\<Area>\\V1\\Metadata`.",
        php_metadata_namespace,
    ),
    held(
        "AIP-191/ruby-package",
        "`ruby_package` is `Wangge::Api::<Area>::V1`.",
        ruby_package,
    ),
    held(
        "AIP-191/objc-class-prefix",
        "`objc_class_prefix` is `WG` and one to three letters of the area, the same in all \
         files of a package and in no other package.",
        objc_class_prefix,
    ),
];

/// Returns the area and the version of a file's package: `tickets`, `v1`.
fn parts(file: &FileDescriptor) -> (&str, &str) {
    let mut parts = file.package_name().rsplit('.');
    let version = parts.next().unwrap_or_default();
    (parts.next().unwrap_or_default(), version)
}

fn declared(file: &FileDescriptor, option: &str) -> String {
    let options = file.options();
    let value = options.get_field_by_name(option);
    value
        .as_ref()
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Compares an option of every file with what follows from its package.
fn derived(
    contracts: &Contracts,
    option: &str,
    derive: impl Fn(&str, &str) -> String,
) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let (area, version) = parts(file);
        let wanted = derive(area, version);
        let found = declared(file, option);
        (found != wanted).then(|| format!("{option} is \"{found}\", not \"{wanted}\""))
    })
}

fn go_package(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "go_package", |area, version| {
        format!("wangge.org/api/{area}/{version};{area}{version}")
    })
}

fn java_package(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "java_package", |area, version| {
        format!("org.wangge.api.{area}.{version}")
    })
}

fn java_multiple_files(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let options = file.options();
        let flag = options.get_field_by_name("java_multiple_files");
        let is_set = flag.and_then(|flag| flag.as_bool()) == Some(true);
        (!is_set).then(|| "java_multiple_files is not true".to_owned())
    })
}

fn csharp_namespace(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "csharp_namespace", |area, version| {
        format!("Wangge.Api.{}.{}", camel(area), capitalised(version))
    })
}

fn php_namespace(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "php_namespace", |area, version| {
        format!("Wangge\\Api\\{}\\{}", camel(area), capitalised(version))
    })
}

fn php_metadata_namespace(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "php_metadata_namespace", |area, version| {
        format!(
            "Wangge\\Api\\{}\\{}\\Metadata",
            camel(area),
            capitalised(version)
        )
    })
}

fn ruby_package(contracts: &Contracts) -> Vec<Violation> {
    derived(contracts, "ruby_package", |area, version| {
        format!("Wangge::Api::{}::{}", camel(area), capitalised(version))
    })
}

/// Returns the name of the class that contains what belongs to the whole file. Like protoc,
/// which appends `OuterClass` to a derived name that the file declares.
fn outer_class(file: &FileDescriptor) -> String {
    let declared = declared(file, "java_outer_classname");
    if !declared.is_empty() {
        return declared;
    }
    let derived = camel(stem(file));
    if classes(file).any(|class| class == derived) {
        return format!("{derived}OuterClass");
    }
    derived
}

fn classes(file: &FileDescriptor) -> impl Iterator<Item = String> {
    let messages = file.messages().map(|one| one.name().to_owned());
    let enums = file.enums().map(|one| one.name().to_owned());
    let services = file.services().map(|one| one.name().to_owned());
    messages
        .chain(enums)
        .chain(services)
        .collect::<Vec<_>>()
        .into_iter()
}

fn java_outer_classname(contracts: &Contracts) -> Vec<Violation> {
    let mut owners: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for file in &contracts.files {
        for class in classes(file).chain([outer_class(file)]) {
            let owner = owners.entry((file.package_name(), class)).or_default();
            owner.push(file.name());
        }
    }
    contracts.each(&contracts.files, |file| {
        let class = outer_class(file);
        let same = owners.get(&(file.package_name(), class.clone()))?;
        (same.len() > 1).then(|| format!("its outer class {class} has the name of another class"))
    })
}

fn objc_class_prefix(contracts: &Contracts) -> Vec<Violation> {
    let mut packages: BTreeMap<String, &str> = BTreeMap::new();
    for file in &contracts.files {
        let prefix = declared(file, "objc_class_prefix");
        packages.entry(prefix).or_insert(file.package_name());
    }
    let mut prefixes: BTreeMap<&str, String> = BTreeMap::new();
    for file in &contracts.files {
        let prefix = declared(file, "objc_class_prefix");
        prefixes.entry(file.package_name()).or_insert(prefix);
    }
    contracts.each(&contracts.files, |file| {
        let prefix = declared(file, "objc_class_prefix");
        let (area, _) = parts(file);
        let letters = prefix.strip_prefix("WG").unwrap_or_default();
        if !(1..=3).contains(&letters.len()) || !abbreviates(letters, area) {
            let problem = format!("\"{prefix}\" is not WG and one to three letters of {area}");
            return Some(format!("objc_class_prefix {problem}"));
        }
        let package = file.package_name();
        let others = prefixes.get(package).filter(|first| **first != prefix);
        if let Some(first) = others {
            return Some(format!(
                "objc_class_prefix is {prefix}, in other files {first}"
            ));
        }
        let owner = packages.get(&prefix).filter(|owner| **owner != package)?;
        Some(format!("objc_class_prefix {prefix} is that of {owner}"))
    })
}

/// Returns true if capital letters occur in a word, in this order.
fn abbreviates(letters: &str, word: &str) -> bool {
    let mut rest = word.chars();
    letters.chars().all(|letter| {
        let lower = letter.to_ascii_lowercase();
        letter.is_ascii_uppercase() && rest.any(|c| c == lower)
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, file, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-191/go-package",
            "wangge.org/api/sample/v1;samplev1",
            "wangge.org/api/sample/v1",
        ),
        change(
            "AIP-191/java-package",
            "org.wangge.api.sample.v1",
            "org.wangge.sample",
        ),
        change(
            "AIP-191/java-multiple-files",
            "java_multiple_files = true",
            "java_multiple_files = false",
        ),
        file(
            "AIP-191/java-outer-classname",
            "wangge/sample/v1/notice_state.proto",
            "syntax = \"proto3\"; package wangge.sample.v1;",
        ),
        change(
            "AIP-191/csharp-namespace",
            "Wangge.Api.Sample.V1",
            "Wangge.Sample.V1",
        ),
        change(
            "AIP-191/php-namespace",
            "php_namespace = \"Wangge\\\\Api",
            "php_namespace = \"Wangge",
        ),
        change("house/php-metadata-namespace", "V1\\\\Metadata", "V1"),
        change(
            "AIP-191/ruby-package",
            "Wangge::Api::Sample::V1",
            "Wangge::Sample",
        ),
        change("AIP-191/objc-class-prefix", "\"WGS\"", "\"WGX\""),
        change("AIP-191/objc-class-prefix", "\"WGS\"", "\"WGSM\""),
        change("AIP-191/objc-class-prefix", "\"WGE\"", "\"WGS\""),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
