//! Paging of lists: where a page starts, its size, and the token of the next page.

use serde::{Serialize, de::DeserializeOwned};
use wangge_api::refusal::Refusal;
use wangge_kernel::page::{self, TokenMismatch};

/// A sort key that can be encoded in a page token.
pub(super) trait Key: Serialize + DeserializeOwned + Default {
    /// Returns true if the key can be one of ours. Page tokens are neither signed nor
    /// secret, so a caller can forge one.
    fn is_sound(&self) -> bool;
}

impl Key for (String, i16) {
    fn is_sound(&self) -> bool {
        self.0.is_sound()
    }
}

impl Key for String {
    fn is_sound(&self) -> bool {
        self.chars().all(|letter| letter.is_ascii_graphic())
    }
}

/// A requested page. `K` is the sort key of the list.
#[derive(Debug)]
pub(super) struct Page<K> {
    /// Maximum number of rows on the page.
    pub(super) size: usize,
    /// Key after which the page starts; the lowest key for the first page.
    pub(super) after: K,
    arguments: Vec<String>,
}

impl<K: Key> Page<K> {
    /// Reads the paging fields of a request. `arguments` are the method's name and
    /// all other arguments that select the list's rows.
    pub(super) fn read(
        page_size: i32,
        page_token: &str,
        arguments: Vec<String>,
    ) -> Result<Self, Refusal> {
        let bound: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // A token that was issued for other arguments fails to decode: its position would
        // mean nothing in this list.
        let after: Option<K> = page::decode(page_token, &bound)?;
        if after.as_ref().is_some_and(|key| !key.is_sound()) {
            return Err(TokenMismatch.into());
        }
        let size = usize::try_from(page::size(page_size)).unwrap_or_default();
        Ok(Self {
            size,
            after: after.unwrap_or_default(),
            arguments,
        })
    }

    /// Returns the number of rows to load: one more than the page has, to detect
    /// whether there are more.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.size)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// Returns the first `keep` rows, and the token of the next page. The token is
    /// empty if there are no more rows.
    pub(super) fn close<T>(
        &self,
        mut rows: Vec<T>,
        keep: usize,
        key: impl Fn(&T) -> K,
    ) -> (Vec<T>, String) {
        let more = rows.len() > keep;
        rows.truncate(keep);
        let bound: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let token = rows
            .last()
            .filter(|_| more)
            .map(|last| page::encode(&key(last), &bound))
            .unwrap_or_default();
        (rows, token)
    }
}
