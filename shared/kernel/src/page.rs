//! Page tokens: opaque, bound to the list and its arguments, and granting no
//! access. A token contains the last key of a page; authorisation is checked again
//! on each page.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::refusal::{Reason, Refusal, Rule};

/// The default page size, in rows.
pub const DEFAULT_SIZE: i64 = 50;
/// The maximum page size, in rows.
pub const MAXIMUM_SIZE: i64 = 1000;
/// The maximum size of a page's records in bytes, exceeded by at most one record:
/// well below the limit of 4 MiB for a message.
pub const MAXIMUM_BYTES: usize = 1024 * 1024;

/// An error for a token that belongs to another list or to other arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenMismatch;

impl From<TokenMismatch> for Refusal {
    fn from(_: TokenMismatch) -> Self {
        let why = "is not a token of this list, or the other arguments have changed";
        Self {
            reason: Reason::PageTokenInvalid,
            ..Self::field("page_token", Rule::PageToken, why)
        }
    }
}

/// Returns the page size for a requested one: the default for zero or less, at most
/// the maximum.
pub fn size(asked: i32) -> i64 {
    match i64::from(asked) {
        asked if asked <= 0 => DEFAULT_SIZE,
        asked => asked.min(MAXIMUM_SIZE),
    }
}

/// Encodes a token for the rows after `last_key`. It is valid only with the same
/// `arguments`, which must include everything that determines the rows of the list.
pub fn encode<K: Serialize>(last_key: &K, arguments: &[&str]) -> String {
    let key = serde_json::to_vec(last_key).unwrap_or_default();
    let mut bytes = digest(arguments).to_vec();
    bytes.extend(key);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes the key after which a page begins; `None` for the first page.
///
/// # Errors
/// Returns [`TokenMismatch`] if the token is malformed or was encoded with other
/// arguments.
pub fn decode<K: DeserializeOwned>(
    token: &str,
    arguments: &[&str],
) -> Result<Option<K>, TokenMismatch> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenMismatch)?;
    // The digest is no signature: it catches tokens that are used with other
    // arguments, not forged ones.
    let (bound, key) = bytes.split_at_checked(8).ok_or(TokenMismatch)?;
    if bound != digest(arguments) {
        return Err(TokenMismatch);
    }
    let key: Value = serde_json::from_slice(key).map_err(|_| TokenMismatch)?;
    if !is_sound(&key) {
        return Err(TokenMismatch);
    }
    serde_json::from_value(key)
        .map(Some)
        .map_err(|_| TokenMismatch)
}

/// Returns true if the key could come from the database. Anyone can forge a token,
/// such as one with a year outside PostgreSQL's range (which is formatted with a
/// sign) or with a character that it can't store.
fn is_sound(key: &Value) -> bool {
    match key {
        // Rejected here, since the database would fail with an internal error.
        Value::String(text) => !text.starts_with(['+', '-']) && !text.contains(char::is_control),
        Value::Array(parts) => parts.iter().all(is_sound),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Returns the number of records on a page of at most `size`, given each record's
/// size in bytes. The record that exceeds [`MAXIMUM_BYTES`] is still included.
pub fn fitting(size: i64, bytes: impl IntoIterator<Item = usize>) -> usize {
    let size = usize::try_from(size).unwrap_or_default();
    let mut used = 0_usize;
    bytes
        .into_iter()
        .take(size)
        .take_while(|bytes| {
            // Checked before the record is added, so that a page always has at
            // least one record and paging makes progress.
            let fits = used < MAXIMUM_BYTES;
            used = used.saturating_add(*bytes);
            fits
        })
        .count()
}

fn digest(arguments: &[&str]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for argument in arguments {
        // With the length, so that ("a", "bc") and ("ab", "c") have different
        // digests.
        hash.update(argument.len().to_be_bytes());
        hash.update(argument.as_bytes());
    }
    let mut short = [0; 8];
    short.copy_from_slice(&hash.finalize()[..8]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_bound_to_its_arguments() {
        let token = encode(&("k", 3), &["tickets", "320402"]);
        assert_eq!(
            decode::<(String, i32)>(&token, &["tickets", "320402"]),
            Ok(Some(("k".to_owned(), 3)))
        );
        assert_eq!(
            decode::<(String, i32)>(&token, &["tickets", "320403"]),
            Err(TokenMismatch)
        );
        assert_eq!(decode::<(String, i32)>("%%%", &[]), Err(TokenMismatch));
        assert_eq!(decode::<(String, i32)>("", &[]), Ok(None));
    }

    #[test]
    fn a_forged_key_that_no_database_has_is_no_token() {
        use chrono::{DateTime, NaiveDate, Utc};
        for forged in ["-100000-01-01T00:00:00Z", "+262142-01-01T00:00:00Z"] {
            let moment: DateTime<Utc> = forged.parse().unwrap();
            let token = encode(&(moment, "id"), &["tickets"]);
            let read = decode::<(DateTime<Utc>, String)>(&token, &["tickets"]);
            assert_eq!(read, Err(TokenMismatch), "{forged}");
            let token = encode(&(moment.date_naive(), "id"), &["tickets"]);
            let read = decode::<(NaiveDate, String)>(&token, &["tickets"]);
            assert_eq!(read, Err(TokenMismatch), "{forged}");
        }
        let token = encode(&"a\0b", &["categories"]);
        assert_eq!(
            decode::<String>(&token, &["categories"]),
            Err(TokenMismatch)
        );
        let now = Utc::now();
        let token = encode(&(now, "id"), &["tickets"]);
        let read = decode::<(DateTime<Utc>, String)>(&token, &["tickets"]);
        assert_eq!(read, Ok(Some((now, "id".to_owned()))));
    }

    #[test]
    fn a_page_ends_at_its_size_or_with_the_record_that_goes_beyond_its_bytes() {
        assert_eq!(fitting(3, [10, 10, 10, 10]), 3);
        assert_eq!(fitting(3, [10, 10]), 2);
        assert_eq!(fitting(9, [MAXIMUM_BYTES / 2; 9]), 2);
        assert_eq!(fitting(9, [MAXIMUM_BYTES - 1, 1, 1]), 2);
        assert_eq!(fitting(9, [3 * MAXIMUM_BYTES, 1]), 1);
    }

    #[test]
    fn sizes_are_coerced() {
        assert_eq!((size(0), size(7), size(5000)), (50, 7, 1000));
    }
}
