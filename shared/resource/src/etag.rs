//! Version tags: which record somebody has read, and as what. A tag is bound to
//! kind, id, revision and content, so that it fits no other record, nor the same
//! revision of a history that a restore has replaced.
//!
//! Which content counts may change from release to release. While two of them
//! serve, a tag of one can be refused by the other: its bearer reads again, as
//! after any other change.

use std::io::Write;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wangge_kernel::refusal::Refusal;

/// Bytes of the digest that a tag shows.
const DIGEST_BYTES: usize = 8;

/// The tag of a record of some kind as it stands. Its id is part of the record.
pub fn etag<R: Serialize + ?Sized>(kind: &str, revision: i64, record: &R) -> String {
    let mut content = Content(Sha256::new());
    content.0.update(kind.as_bytes());
    content.0.update([0]);
    // What can't be written is never kept, and no writer here fails.
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

/// Lets a change go on if the caller has read the record as it stands, or does not
/// care.
///
/// # Errors
/// `ETAG_MISMATCH` for any other tag, a bare revision as releases before gave it
/// among them.
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

/// Digests what is written.
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
