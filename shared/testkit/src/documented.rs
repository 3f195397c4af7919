//! The errors that the contract documents: the comment of each method names its own
//! reasons and guards, and any method can return a few more. It says nothing about which
//! of them a method does return.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use wangge_api::{
    FILE_DESCRIPTOR_SET,
    refusal::{Guard, Reason},
};

/// The number of the field `service` in a file's descriptor, which paths of comments use.
const SERVICE: i32 = 6;

/// The number of the field `method` in a service's descriptor.
const METHOD: i32 = 2;

/// The reasons that any method can return, as `proto/errors.md` lists them.
pub const GENERAL: &[Reason] = &[
    Reason::TokenMissing,
    Reason::TokenInvalid,
    Reason::TokenExpired,
    Reason::RoleNotAllowed,
    Reason::Overloaded,
    Reason::DeadlineExceeded,
    Reason::DatabaseUnavailable,
    Reason::ShuttingDown,
    Reason::Internal,
    Reason::MethodUnknown,
];

/// The errors that a method's comment lists.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Documented {
    /// Its reasons, by name.
    pub reasons: BTreeSet<String>,
    /// Its guards, by name.
    pub guards: BTreeSet<String>,
    /// Names that are neither.
    pub unknown: BTreeSet<String>,
}

static METHODS: LazyLock<HashMap<String, Documented>> = LazyLock::new(|| {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the contracts");
    files.file.iter().flat_map(of_file).collect()
});

/// Returns the errors that the comment of a method lists, by its path on the wire; `None`
/// for a method that isn't in the contracts, or whose comment has no paragraph `Errors:`.
pub fn documented(path: &str) -> Option<&'static Documented> {
    METHODS.get(path)
}

fn of_file(file: &FileDescriptorProto) -> Vec<(String, Documented)> {
    let comments = file.source_code_info.iter().flat_map(|info| &info.location);
    let of_method = comments.filter_map(|location| {
        let [SERVICE, service, METHOD, method] = location.path[..] else {
            return None;
        };
        let service = &file.service[usize::try_from(service).ok()?];
        let method = service.method[usize::try_from(method).ok()?].name();
        let path = format!("/{}.{}/{method}", file.package(), service.name());
        Some((path, listed(location.leading_comments())?))
    });
    of_method.collect()
}

/// Reads the paragraph of a comment that lists errors.
fn listed(comment: &str) -> Option<Documented> {
    let mut paragraphs = comment.split("\n\n").map(str::trim);
    let paragraph = paragraphs.find_map(|text| text.strip_prefix("Errors:"))?;
    let mut documented = Documented::default();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    // Fields and messages have lower-case letters.
    let looks_alike = |word: &str| word.contains('_') && word == word.to_uppercase();
    for name in paragraph.split(|letter| !is_part(letter)) {
        let names = if Reason::from_name(name).is_some() {
            &mut documented.reasons
        } else if Guard::from_name(name).is_some() {
            &mut documented.guards
        } else if looks_alike(name) {
            &mut documented.unknown
        } else {
            continue;
        };
        names.insert(name.to_owned());
    }
    Some(documented)
}
