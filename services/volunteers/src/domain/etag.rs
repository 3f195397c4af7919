//! Version tags: a record's revision in hexadecimal. Callers take them as
//! opaque.

use wangge_api::refusal::Refusal;

/// The tag of a revision.
pub fn of(revision: i64) -> String {
    format!("{revision:x}")
}

/// Checks that a record still has the revision whose tag the caller read. The
/// empty tag asks for no check.
///
/// # Errors
/// `ETAG_MISMATCH`.
pub fn check(given: &str, revision: i64, kind: &str) -> Result<(), Refusal> {
    if given.is_empty() || given == of(revision) {
        Ok(())
    } else {
        Err(Refusal::etag_mismatch(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tag_of_the_revision_or_none_passes() {
        assert!(check(&of(17), 17, "visit").is_ok());
        assert!(check("", 17, "visit").is_ok());
        assert!(check(&of(16), 17, "visit").is_err());
        assert!(check("x", 17, "visit").is_err());
    }
}
