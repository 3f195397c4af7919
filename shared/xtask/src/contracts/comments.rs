//! Rules on comments, which are the contracts' reference documentation.

use super::{
    Rule, held,
    model::{Contracts, Element, Violation},
    names::snake,
};

pub(super) const RULES: &[Rule] = &[
    held(
        "AIP-192/documented",
        "Every service, method, message, field, oneof, enum, value and extension has a comment.",
        documented,
    ),
    held(
        "AIP-192/files-documented",
        "Every file begins with a comment that says what it contains.",
        files_documented,
    ),
    held(
        "AIP-192/leading",
        "Comments precede what they describe; none is behind it.",
        leading,
    ),
    held(
        "AIP-192/sentences",
        "Comments begin with a capital letter, a digit or a quoted name, and end with a full stop.",
        sentences,
    ),
    held(
        "AIP-192/substance",
        "A comment says more than the name: at least two words, and not just the name's own.",
        substance,
    ),
    held(
        "AIP-192/methods-voice",
        "The comment of a method begins with a verb in the third person.",
        methods_voice,
    ),
    held(
        "AIP-192/services-voice",
        "The comment of a service begins with a verb in the third person.",
        services_voice,
    ),
    held(
        "AIP-192/requests-named",
        "The comment of a request begins \"Request message for `<Method>`.\", that of a row of \
         a stream excepted.",
        requests_named,
    ),
    held(
        "AIP-192/no-notes",
        "Comments contain no notes to authors (TODO, FIXME) and no markup in HTML.",
        no_notes,
    ),
    held(
        "AIP-192/own-names",
        "Fields that a comment of a request or record quotes exist in the contracts.",
        own_names,
    ),
];

/// Applies a check to every element that has a comment, and a noun for its kind.
fn all(
    contracts: &Contracts,
    check: impl Fn(&str, Vec<String>) -> Option<String>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    macro_rules! look {
        ($($elements:ident)*) => {$(
            found.extend(contracts.each(&contracts.$elements, |one| {
                let name = snake(one.name()).to_lowercase();
                check(&contracts.prose(one), name.split('_').map(str::to_owned).collect())
            }));
        )*};
    }
    look!(services methods messages fields oneofs enums values extensions);
    found
}

fn documented(contracts: &Contracts) -> Vec<Violation> {
    all(contracts, |comment, _| {
        comment.is_empty().then(|| "has no comment".to_owned())
    })
}

fn files_documented(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.files, |file| {
        let opening = contracts.opening(file).trim_end();
        (!opening.ends_with('.')).then(|| "does not begin with a comment in sentences".to_owned())
    })
}

fn leading(contracts: &Contracts) -> Vec<Violation> {
    fn trailed<E: Element>(contracts: &Contracts, elements: &[E]) -> Vec<Violation> {
        contracts.each(elements, |one| {
            contracts
                .is_trailed(one)
                .then(|| "has a comment behind it".to_owned())
        })
    }
    let mut found = trailed(contracts, &contracts.fields);
    found.extend(trailed(contracts, &contracts.values));
    found.extend(trailed(contracts, &contracts.messages));
    found.extend(trailed(contracts, &contracts.methods));
    found
}

fn sentences(contracts: &Contracts) -> Vec<Violation> {
    all(contracts, |comment, _| {
        let first = comment.chars().next()?;
        if first.is_ascii_lowercase() {
            return Some("begins with a small letter".to_owned());
        }
        (!comment.ends_with(['.', ':'])).then(|| "does not end with a full stop".to_owned())
    })
}

fn substance(contracts: &Contracts) -> Vec<Violation> {
    all(contracts, |comment, name| {
        let said: Vec<String> = comment
            .split_whitespace()
            .map(|word| {
                word.trim_matches(|c: char| !c.is_alphanumeric())
                    .to_lowercase()
            })
            .filter(|word| !["a", "an", "the", "of", ""].contains(&word.as_str()))
            .collect();
        let is_thin = comment.split_whitespace().count() < 2;
        (!comment.is_empty() && (is_thin || said == name))
            .then(|| "says no more than the name".to_owned())
    })
}

fn third_person(comment: &str) -> Option<String> {
    let first = comment.split([' ', ',', '.']).next().unwrap_or_default();
    (!first.is_empty() && !first.ends_with('s'))
        .then(|| format!("begins with \"{first}\", not with a verb in the third person"))
}

fn methods_voice(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |one| {
        third_person(&contracts.prose(one))
    })
}

fn services_voice(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.services, |one| {
        third_person(&contracts.prose(one))
    })
}

fn requests_named(contracts: &Contracts) -> Vec<Violation> {
    let methods = contracts
        .methods
        .iter()
        .filter(|one| !one.is_client_streaming());
    let requests: Vec<_> = methods
        .map(|one| (one.input(), one.name().to_owned()))
        .collect();
    let found = requests.iter().filter_map(|(request, method)| {
        let wanted = format!("Request message for `{method}`.");
        let is_named = contracts.prose(request).starts_with(&wanted);
        (!is_named).then(|| contracts.at(request, format!("does not begin \"{wanted}\"")))
    });
    found.collect()
}

fn no_notes(contracts: &Contracts) -> Vec<Violation> {
    all(contracts, |comment, _| {
        let mut words = comment.split(|c: char| !c.is_alphanumeric());
        if let Some(word) = words.find(|word| ["TODO", "FIXME", "XXX", "HACK"].contains(word)) {
            return Some(format!("contains {word}"));
        }
        let tags = ["<p>", "<br", "<b>", "<i>", "<a ", "<ul>", "<li>", "</"];
        let tag = tags.iter().find(|tag| comment.contains(**tag))?;
        Some(format!("contains the markup {tag}"))
    })
}

/// Returns the texts in backquotes.
pub(super) fn quoted(comment: &str) -> impl Iterator<Item = &str> {
    comment.split('`').skip(1).step_by(2)
}

fn own_names(contracts: &Contracts) -> Vec<Violation> {
    let is_field = |name: &str| {
        let mut parts = name.split('.');
        parts.all(|part| contracts.fields.iter().any(|field| field.name() == part))
    };
    contracts.each(&contracts.fields, |field| {
        let message = field.parent_message();
        if !message.name().ends_with("Request") && !contracts.is_record(message) {
            return None;
        }
        // Examples, actions, rules and guards are quoted, too; only what looks like a
        // time, a date, an id or a code can be nothing but a field.
        let comment = contracts.prose(field);
        let suffixes = ["_time", "_date", "_id", "_ids", "_code", "_fen", "_count"];
        let unknown = quoted(&comment)
            .find(|name| suffixes.iter().any(|suffix| name.ends_with(suffix)) && !is_field(name))?;
        Some(format!("quotes `{unknown}`, which is not a field"))
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "AIP-192/documented",
            "  // Title, 1 to 100 characters.\n",
            "",
        ),
        change(
            "AIP-192/files-documented",
            "// Notices to the residents of an area: an invented kind of record.\n",
            "",
        ),
        change(
            "AIP-192/leading",
            "string note = 3 [\n    (buf.validate.field).string.max_len = 2000,\n    (wangge.options.v1.personal) = true\n  ];",
            "string note = 3; // Text of the notice.",
        ),
        change(
            "AIP-192/sentences",
            "// Code of the area. Immutable.",
            "// Code of the area",
        ),
        change(
            "AIP-192/sentences",
            "// Code of the area. Immutable.",
            "// code of the area.",
        ),
        change(
            "AIP-192/substance",
            "// Code of the area. Immutable.",
            "// The area code.",
        ),
        change(
            "AIP-192/substance",
            "// Code of the area. Immutable.",
            "// Code.",
        ),
        change(
            "AIP-192/methods-voice",
            "// Returns a notice.",
            "// Return a notice.",
        ),
        change(
            "AIP-192/services-voice",
            "// Manages notices.",
            "// The methods.",
        ),
        change(
            "AIP-192/requests-named",
            "// Request message for `GetNotice`.",
            "// Which notice to return.",
        ),
        change(
            "AIP-192/no-notes",
            "// Returns a notice.",
            "// Returns a notice. TODO: more.",
        ),
        change(
            "AIP-192/no-notes",
            "// Returns a notice.",
            "// Returns a <b>notice</b>.",
        ),
        change(
            "AIP-192/own-names",
            "// Code of the area. Immutable.",
            "// Area until `close_date`.",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
