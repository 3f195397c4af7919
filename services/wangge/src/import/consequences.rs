//! Suppresses follow-up faults: a row that is refused only because it names a refused row is
//! not reported until that row has been corrected.

/// Maximum number of refused rows that are searched for.
const LIMIT: usize = 1000;
/// Reason of a row that names a record that doesn't exist.
const UNKNOWN: &str = "REFERENCE_UNKNOWN";

/// The names of the rows that were refused so far.
#[derive(Debug, Default)]
pub(super) struct Consequences(Vec<Vec<u8>>);

impl Consequences {
    /// Records a refused row: the names that others use for it, its encoded record, and the
    /// reasons. Returns true if the refusal follows from an earlier one.
    pub(super) fn take(&mut self, names: &[String], text: &[u8], reasons: &[&str]) -> bool {
        // Searched in the encoded bytes, so that no kind of record has to be known: ids and codes
        // are stored as plain text in them.
        let follows = reasons.iter().all(|reason| *reason == UNKNOWN)
            && self.0.iter().any(|name| contains(text, name));
        // Bounded, since every later row is searched for every name.
        if self.0.len() < LIMIT {
            // An empty name would match every row.
            let names = names.iter().filter(|name| !name.is_empty());
            self.0.extend(names.map(|name| name.clone().into_bytes()));
        }
        follows
    }
}

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
