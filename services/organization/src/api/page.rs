//! A page of a list: where it begins, how long it is, and the token of the
//! next one.

use serde::{Serialize, de::DeserializeOwned};
use wangge_api::refusal::{Reason, Refusal};
use wangge_kernel::page;

/// A key by which a list is sorted.
pub(super) trait Key: Serialize + DeserializeOwned + Default {
    /// Whether the key can be one of ours. Tokens are not secret: anybody can
    /// make one.
    fn is_sound(&self) -> bool;
}

impl Key for i64 {
    fn is_sound(&self) -> bool {
        *self >= 0
    }
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

/// A page that is asked for. `K` is the key by which the list is sorted.
#[derive(Debug)]
pub(super) struct Page<K> {
    /// Rows on the page at most.
    pub(super) size: usize,
    /// Key behind which it begins; the least key for the first page.
    pub(super) after: K,
    arguments: Vec<String>,
}

impl<K: Key> Page<K> {
    /// Reads what is asked for. `arguments` name the method and everything
    /// else that decides which rows the list has.
    pub(super) fn read(
        page_size: i32,
        page_token: &str,
        arguments: Vec<String>,
    ) -> Result<Self, Refusal> {
        let bound: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let after: Option<K> = page::decode(page_token, &bound).map_err(|_| invalid())?;
        if after.as_ref().is_some_and(|key| !key.is_sound()) {
            return Err(invalid());
        }
        let size = usize::try_from(page::size(page_size)).unwrap_or_default();
        Ok(Self {
            size,
            after: after.unwrap_or_default(),
            arguments,
        })
    }

    /// How many rows to load: one more than the page has, to know whether
    /// there are more.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.size)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// The first `keep` of the rows loaded, and the token behind them; empty
    /// if there are no more.
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

fn invalid() -> Refusal {
    Refusal {
        reason: Reason::PageTokenInvalid,
        ..Refusal::field(
            "page_token",
            "page_token",
            "is no token of this list, or its other arguments have changed",
        )
    }
}
