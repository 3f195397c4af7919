//! Page tokens: opaque, bound to the list and its arguments, granting nothing.
//! A token holds the last key of a page; what the caller may see is decided
//! anew on each page.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

/// Rows on a page where the caller names no number.
pub const DEFAULT_SIZE: i64 = 50;
/// Most rows on a page, whatever the caller asks for.
pub const MAXIMUM_SIZE: i64 = 1000;

/// The token is not one of this list's, or its other arguments have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenMismatch;

/// Number of rows on a page, from what the caller asked for.
pub fn size(asked: i32) -> i64 {
    match i64::from(asked) {
        asked if asked <= 0 => DEFAULT_SIZE,
        asked => asked.min(MAXIMUM_SIZE),
    }
}

/// A token behind `last_key`, good only with the same `arguments`: whatever
/// else decides which rows the list has.
pub fn encode<K: Serialize>(last_key: &K, arguments: &[&str]) -> String {
    let key = serde_json::to_vec(last_key).unwrap_or_default();
    let mut bytes = digest(arguments).to_vec();
    bytes.extend(key);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key behind which a page begins; none for the first page.
///
/// # Errors
/// [`TokenMismatch`] for a token of other arguments, or none of ours.
pub fn decode<K: DeserializeOwned>(
    token: &str,
    arguments: &[&str],
) -> Result<Option<K>, TokenMismatch> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenMismatch)?;
    let (bound, key) = bytes.split_at_checked(8).ok_or(TokenMismatch)?;
    if bound != digest(arguments) {
        return Err(TokenMismatch);
    }
    serde_json::from_slice(key)
        .map(Some)
        .map_err(|_| TokenMismatch)
}

fn digest(arguments: &[&str]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for argument in arguments {
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
    fn sizes_are_coerced() {
        assert_eq!((size(0), size(7), size(5000)), (50, 7, 1000));
    }
}
