//! Etags: the version tags with which clients do optimistic locking. An etag is bound
//! to kind, id, revision and content, so it matches no other record, nor the same
//! revision in a history that a restore from a backup has replaced. It refuses to
//! interpret tags: they are only compared.
//!
//! The content that counts can differ between releases. While two of them serve side by
//! side, a tag of one may be rejected by the other; the client then reads again, as
//! after any concurrent change.

use std::io::Write;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wangge_kernel::refusal::Refusal;

/// The length of the digest in a tag, in bytes. Tags are at most 64 characters long by
/// the contract.
const DIGEST_BYTES: usize = 8;

/// Returns the etag of a record in its current revision, in quotes. The id isn't passed
/// separately: it is part of the serialized record.
pub fn etag<R: Serialize + ?Sized>(kind: &str, revision: i64, record: &R) -> String {
    let mut content = Content(Sha256::new());
    content.0.update(kind.as_bytes());
    // Separates the kind from the content, so that no other kind and content have the
    // same bytes.
    content.0.update([0]);
    // Ignored in production: a record that can't be serialized can't have been stored
    // either, and writing to a digest never fails.
    let written = serde_json::to_writer(&mut content, record);
    debug_assert!(written.is_ok(), "{kind}: {written:?}");
    let digest = content.0.finalize();
    let mut tag = format!("\"{revision:x}-");
    for byte in digest.iter().take(DIGEST_BYTES) {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    tag
}

/// Checks the precondition of a change: the caller has read the current version. An
/// empty tag skips the check.
///
/// # Errors
/// Returns `ETAG_MISMATCH` for any other tag, including a bare revision, which was the
/// format of earlier releases.
pub fn check<R: Serialize + ?Sized>(
    given: &str,
    kind: &str,
    revision: i64,
    record: &R,
) -> Result<(), Refusal> {
    if given.is_empty() || given == etag(kind, revision, record) {
        Ok(())
    } else {
        Err(Refusal::etag_mismatch(kind))
    }
}

/// A writer that digests what is written to it, so that the serialized record is never
/// held in memory.
struct Content(Sha256);

impl Write for Content {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tag_of_the_record_as_it_stands_is_accepted() {
        let record = ("id 1", "name");
        let tag = etag("area", 10, &record);
        assert!(tag.starts_with("\"a-") && tag.len() <= 64, "{tag}");
        assert!(check("", "area", 10, &record).is_ok());
        assert!(check(&tag, "area", 10, &record).is_ok());
        assert!(check(&tag, "area", 11, &record).is_err(), "changed since");
        assert!(check(&tag, "unit", 10, &record).is_err(), "another kind");
        assert!(check(&tag, "area", 10, &("id 2", "name")).is_err());
        assert!(check(&tag, "area", 10, &("id 1", "other")).is_err());
        assert!(
            check("\"a\"", "area", 10, &record).is_err(),
            "a bare revision"
        );
        assert!(check("a", "area", 10, &record).is_err());
    }
}
