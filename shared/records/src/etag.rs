//! Version tags: the revision in a form that callers only compare.

use wangge_api::refusal::Refusal;

/// The tag of a revision.
pub fn etag(revision: i64) -> String {
    format!("\"{revision:x}\"")
}

/// Lets a change go on if the caller has read this revision, or does not care.
///
/// # Errors
/// `ETAG_MISMATCH` for the tag of another revision.
pub fn check(given: &str, revision: i64, kind: &str) -> Result<(), Refusal> {
    if given.is_empty() || given == etag(revision) {
        Ok(())
    } else {
        Err(Refusal::etag_mismatch(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tag_of_the_revision_is_accepted() {
        assert!(check("", 10, "area").is_ok());
        assert!(check("\"a\"", 10, "area").is_ok());
        assert!(check("\"9\"", 10, "area").is_err());
        assert!(check("a", 10, "area").is_err());
    }
}
