//! Suppresses consequential problems: a row that is refused only because it references
//! a refused row is not reported. If it has other unknown references, the next run
//! reports them.

/// Maximum number of recorded names. Each refused row is searched for all of them, so
/// the cost would grow quadratically.
const LIMIT: usize = 1000;
/// Reason of a violation for a reference to an unknown record.
const UNKNOWN: &str = "REFERENCE_UNKNOWN";

/// The names of the rows refused so far, as bytes.
#[derive(Debug, Default)]
pub(super) struct Consequences(Vec<Vec<u8>>);

impl Consequences {
    /// Records a refused row with the names that other rows reference it by, its
    /// encoded message, and the reasons of its violations. Returns true if it is a
    /// consequence of an earlier refused row.
    pub(super) fn take(&mut self, names: &[String], text: &[u8], reasons: &[&str]) -> bool {
        let follows = reasons.iter().all(|reason| *reason == UNKNOWN)
            && self.0.iter().any(|name| contains(text, name));
        // A consequence is recorded as well: rows that reference it are consequences too.
        if self.0.len() < LIMIT {
            // `windows` panics on an empty name.
            let names = names.iter().filter(|name| !name.is_empty());
            self.0.extend(names.map(|name| name.clone().into_bytes()));
        }
        follows
    }
}

/// Returns true if the encoded message contains the name. Protobuf stores strings as
/// they are, so this needs no knowledge of the message's fields.
fn contains(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len()).any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_refused_row_follows_from_it() {
        let mut refused = Consequences::default();
        let names = |name: &str| vec![name.to_owned()];
        assert!(!refused.take(&names("area-1"), b"area-1 of area-0", &["FIELD_INVALID"]));
        assert!(refused.take(&names("house-1"), b"house-1 in area-1", &[UNKNOWN]));
        assert!(refused.take(&names("person-1"), b"person-1 in house-1", &[UNKNOWN]));
        assert!(!refused.take(
            &names("person-2"),
            b"person-2 in house-1",
            &["FIELD_INVALID"]
        ));
        assert!(!refused.take(&names("person-3"), b"person-3 in house-9", &[UNKNOWN]));
    }
}
