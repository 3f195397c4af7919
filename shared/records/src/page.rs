//! A page of a list, the record entered last first.

use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_kernel::page;

use crate::Listed;

/// A page that is asked for.
#[derive(Debug)]
pub struct Page {
    size: usize,
    /// Only records that were entered before this entry.
    pub before: Option<i64>,
    arguments: String,
}

impl Page {
    /// Reads what is asked for. `arguments` are whatever else decides which
    /// records the list has.
    ///
    /// # Errors
    /// `PAGE_TOKEN_INVALID`.
    pub fn read(page_size: i32, token: &str, arguments: String) -> Result<Self, Refusal> {
        let before: Option<i64> = page::decode(token, &[&arguments]).map_err(|_| invalid())?;
        Ok(Self {
            size: usize::try_from(page::size(page_size)).unwrap_or_default(),
            before,
            arguments,
        })
    }

    /// How many records to load: one more than the page has, to know whether
    /// there are more.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// The records of the page, and the token behind them; empty if there are
    /// no more.
    pub fn close<R>(self, mut records: Vec<Listed<R>>) -> (Vec<R>, String) {
        let more = records.len() > self.size;
        records.truncate(self.size);
        let token = records
            .last()
            .filter(|_| more)
            .map(|last| page::encode(&last.entry, &[&self.arguments]))
            .unwrap_or_default();
        (
            records.into_iter().map(|listed| listed.record).collect(),
            token,
        )
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
