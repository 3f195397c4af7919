//! Rules on files, packages and imports.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{FileDescriptor, Syntax};

use super::{
    Rule, held,
    model::{Contracts, Violation},
    names::{is_snake, snake},
};

pub(super) const RULES: &[Rule] = &[
    held("Buf/proto3", "Files use proto3.", proto3),
    held(
        "AIP-185/version",
        "Packages are `wangge.<area>.v<major>`, and files lie in the folder of their package.",
        version,
    ),
    held(
        "AIP-181/stable",
        "Packages are stable: no version is an alpha or a beta, and nothing in them is deprecated.",
        stable,
    ),
    held(
        "AIP-180/nothing-removed",
        "Nothing is reserved, since nothing is removed within a version.",
        nothing_removed,
    ),
    held(
        "AIP-191/file-names",
        "Names of files are in snake case, and that of a file with a service ends in its name.",
        file_names,
    ),
    held(
        "house/unique-file-names",
        "Names of files are unique over all packages: some plugins write by name only.",
        unique_file_names,
    ),
    held(
        "AIP-191/one-service",
        "A file declares at most one service.",
        one_service,
    ),
    held(
        "AIP-191/services-first",
        "In the file of a service, the service is declared before messages and enums.",
        services_first,
    ),
    held(
        "AIP-191/imports-sorted",
        "Imports are sorted and not repeated.",
        imports_sorted,
    ),
    held(
        "Buf/plain-imports",
        "Imports are neither public nor weak, so that a file names all that it uses.",
        plain_imports,
    ),
    held(
        "AIP-213/common-imports",
        "Files import our own packages, Protobuf's well-known types and protovalidate only.",
        common_imports,
    ),
    held(
        "Buf/no-import-cycle",
        "Packages don't import each other.",
        no_import_cycle,
    ),
    held(
        "AIP-215/shared-packages",
        "Packages of services import shared packages and organization; none imports tickets, \
         volunteers or reporting but events and reporting.",
        shared_packages,
    ),
    held(
        "house/options-only",
        "Extensions are declared in `wangge.options.v1` only, and are options.",
        options_only,
    ),
];

fn proto3(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        (file.syntax() != Syntax::Proto3).then(|| "is not proto3".to_owned())
    })
}

fn version(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let package = file.package_name();
        let parts: Vec<&str> = package.split('.').collect();
        let is_named = matches!(parts[..], ["wangge", area, version]
            if is_snake(area) && version.starts_with('v'));
        let folder = file
            .name()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        if !is_named {
            return Some(format!("`{package}` is not wangge.<area>.v<major>"));
        }
        (folder.replace('/', ".") != package)
            .then(|| format!("is not in the folder of its package `{package}`"))
    })
}

fn stable(contracts: &Contracts) -> Vec<Violation> {
    let mut found = contracts.each(&contracts.files, |file| {
        let version = file.package_name().rsplit('.').next().unwrap_or_default();
        let major = version.strip_prefix('v').unwrap_or_default();
        let is_stable = !major.is_empty() && major.chars().all(|c| c.is_ascii_digit());
        (!is_stable).then(|| format!("`{version}` is not a stable version"))
    });
    let deprecated = |options: &prost_reflect::DynamicMessage| {
        let flag = options.get_field_by_name("deprecated");
        let is_set = flag.and_then(|flag| flag.as_bool()) == Some(true);
        is_set.then(|| "is deprecated".to_owned())
    };
    found.extend(contracts.each(&contracts.fields, |one| deprecated(&one.options())));
    found.extend(contracts.each(&contracts.messages, |one| deprecated(&one.options())));
    found.extend(contracts.each(&contracts.values, |one| deprecated(&one.options())));
    found.extend(contracts.each(&contracts.methods, |one| deprecated(&one.options())));
    found
}

fn nothing_removed(contracts: &Contracts) -> Vec<Violation> {
    let reserved = |any: bool| any.then(|| "reserves numbers or names".to_owned());
    let mut found = contracts.each(&contracts.messages, |message| {
        reserved(message.reserved_ranges().len() + message.reserved_names().len() > 0)
    });
    found.extend(contracts.each(&contracts.enums, |one| {
        reserved(one.reserved_ranges().len() + one.reserved_names().len() > 0)
    }));
    found
}

/// Returns a file's name without folder and extension.
pub(super) fn stem(file: &FileDescriptor) -> &str {
    let name = file.name().rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".proto").unwrap_or(name)
}

fn file_names(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let stem = stem(file);
        if !is_snake(stem) {
            return Some("is not named in snake case".to_owned());
        }
        let service = file.services().next()?;
        let name = snake(service.name());
        // Services of several packages that do the same have the package before it.
        let is_named = stem == name || stem.ends_with(&format!("_{name}"));
        (!is_named).then(|| format!("declares {} and is not named like it", service.name()))
    })
}

fn unique_file_names(contracts: &Contracts) -> Vec<Violation> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &contracts.files {
        folders.entry(stem(file)).or_default().push(file.name());
    }
    contracts.each(&contracts.files, |file| {
        let same = folders.get(stem(file))?;
        let others: Vec<&str> = same
            .iter()
            .copied()
            .filter(|one| *one != file.name())
            .collect();
        (!others.is_empty()).then(|| format!("has the name of {}", others.join(", ")))
    })
}

fn one_service(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        (file.services().len() > 1).then(|| "declares several services".to_owned())
    })
}

fn services_first(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.services, |service| {
        let file = service.parent_file();
        let messages = file.messages().map(|one| contracts.line(&one));
        let enums = file.enums().map(|one| contracts.line(&one));
        let first = messages.chain(enums).min()?;
        (first < contracts.line(service)).then(|| format!("follows what line {first} declares"))
    })
}

fn imports_sorted(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let imports = &file.file_descriptor_proto().dependency;
        let pair = imports.windows(2).find(|pair| pair[0] >= pair[1])?;
        Some(format!("imports {} after {}", pair[1], pair[0]))
    })
}

fn plain_imports(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let file = file.file_descriptor_proto();
        let plain = file.public_dependency.is_empty() && file.weak_dependency.is_empty();
        (!plain).then(|| "has a public or weak import".to_owned())
    })
}

/// The imports of others that a contract may have.
const COMMON: &[&str] = &["google/protobuf/", "buf/validate/validate.proto"];

fn common_imports(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let imports = &file.file_descriptor_proto().dependency;
        let foreign = imports.iter().find(|import| {
            let is_common = COMMON.iter().any(|common| import.starts_with(common));
            !is_common && !import.starts_with("wangge/")
        })?;
        Some(format!("imports {foreign}"))
    })
}

fn no_import_cycle(contracts: &Contracts) -> Vec<Violation> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &contracts.files {
        let package = file.package_name();
        let names = file.dependencies().map(|one| one.package_name().to_owned());
        let others = names.filter(|name| name != package);
        imports
            .entry(package.to_owned())
            .or_default()
            .extend(others);
    }
    contracts.each(&contracts.files, |file| {
        let package = file.package_name();
        let back = file.dependencies().find(|one| {
            one.package_name() != package && leads_to(&imports, one.package_name(), package)
        })?;
        Some(format!(
            "imports {}, whose package imports this one",
            back.name()
        ))
    })
}

fn leads_to(imports: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(package) = next.pop() {
        if package == to {
            return true;
        }
        if seen.insert(package) {
            next.extend(
                imports
                    .get(package)
                    .into_iter()
                    .flatten()
                    .map(String::as_str),
            );
        }
    }
    false
}

/// Packages that only those in `READERS` may import.
const OWNED: &[&str] = &[
    "wangge.tickets.v1",
    "wangge.volunteers.v1",
    "wangge.reporting.v1",
];
/// Packages that show what several services own.
const READERS: &[&str] = &["wangge.events.v1", "wangge.reporting.v1"];

fn shared_packages(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let package = file.package_name();
        if READERS.contains(&package) {
            return None;
        }
        let foreign = file
            .dependencies()
            .find(|one| one.package_name() != package && OWNED.contains(&one.package_name()))?;
        Some(format!("imports {}", foreign.name()))
    })
}

fn options_only(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.extensions, |extension| {
        let extended = extension.containing_message();
        let is_option = extended.full_name().starts_with("google.protobuf.")
            && extended.name().ends_with("Options");
        let is_ours = extension.package_name() == "wangge.options.v1";
        (!is_option || !is_ours).then(|| format!("extends {}", extended.full_name()))
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, file, prove};

    const EXAMPLES: &[Example] = &[
        file(
            "Buf/proto3",
            "wangge/sample/v1/old.proto",
            "syntax = \"proto2\"; package wangge.sample.v1;",
        ),
        file(
            "AIP-185/version",
            "wangge/sample/v1/a.proto",
            "syntax = \"proto3\"; package wangge.other.v1;",
        ),
        file(
            "AIP-185/version",
            "wangge/sample/a.proto",
            "syntax = \"proto3\"; package wangge.sample;",
        ),
        file(
            "AIP-181/stable",
            "wangge/sample/v1beta1/a.proto",
            "syntax = \"proto3\"; package wangge.sample.v1beta1;",
        ),
        change(
            "AIP-181/stable",
            "string title = 2 [",
            "string title = 2 [deprecated = true, ",
        ),
        change(
            "AIP-180/nothing-removed",
            "message Notice {",
            "message Notice {\n  reserved 99;",
        ),
        change(
            "AIP-180/nothing-removed",
            "enum NoticeState {",
            "enum NoticeState {\n  reserved \"GONE\";",
        ),
        file(
            "AIP-191/file-names",
            "wangge/sample/v1/OfNotices.proto",
            "syntax = \"proto3\"; package wangge.sample.v1;",
        ),
        change(
            "AIP-191/file-names",
            "service NoticeService",
            "service BoardService",
        ),
        file(
            "house/unique-file-names",
            "wangge/sample/v2/notice.proto",
            "syntax = \"proto3\"; package wangge.sample.v2;",
        ),
        change(
            "AIP-191/one-service",
            "// Manages notices.",
            "service OtherService {}\n// Manages notices.",
        ),
        change(
            "AIP-191/services-first",
            "// Manages notices.",
            "message Early {}\n// Manages notices.",
        ),
        change(
            "AIP-191/imports-sorted",
            "import \"wangge/shared.proto\";",
            "import \"wangge/shared.proto\";\nimport \"google/protobuf/any.proto\";",
        ),
        change(
            "Buf/plain-imports",
            "import \"wangge/shared.proto\"",
            "import public \"wangge/shared.proto\"",
        ),
        change(
            "AIP-213/common-imports",
            "import \"wangge/shared.proto\";",
            "import \"google/type/date.proto\";\nimport \"wangge/shared.proto\";",
        ),
        file(
            "Buf/no-import-cycle",
            "wangge/errors/v1/hint.proto",
            "syntax = \"proto3\"; package wangge.errors.v1; import \"wangge/sample/v1/notice.proto\";",
        ),
        change(
            "AIP-215/shared-packages",
            "import \"wangge/shared.proto\";",
            "import \"wangge/shared.proto\";\nimport \"wangge/tickets/v1/foreign.proto\";",
        ),
        file(
            "house/options-only",
            "wangge/sample/v1/hint.proto",
            "syntax = \"proto3\"; package wangge.sample.v1; import \"google/protobuf/descriptor.proto\"; \
             extend google.protobuf.FieldOptions { string hint = 50099; }",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
