//! Pages of a list, the newest record first: a page ends at the requested number of
//! records or at about 1 MiB. It doesn't read records itself: its owner reads those it
//! asks for.

use prost::Message;
use wangge_api::refusal::Refusal;
use wangge_kernel::page::{self, TokenMismatch};
use wangge_record_store::{Listed, Listing};

/// Maximum number of records read from the database at a time. If records are large, a
/// page is full before all of the requested ones have been loaded into memory.
const CHUNK: usize = 200;

/// A page under construction, made of messages.
#[derive(Debug)]
pub struct Page<M> {
    size: usize,
    /// Only records after this position in the order of entry; `None` from the start.
    behind: Option<Vec<String>>,
    arguments: String,
    messages: Vec<M>,
    bytes: usize,
    state: Filling,
}

#[derive(Debug, PartialEq, Eq)]
enum Filling {
    /// There is room, and there may be more records.
    Open,
    /// There is no room, and there are more records.
    Full,
    /// There are no more records, with or without room.
    Exhausted,
}

impl<M: Message> Page<M> {
    /// Reads the page size and the page token of a request. `arguments` is everything
    /// else that determines the records of the list: the token is valid with the same
    /// arguments only.
    ///
    /// # Errors
    /// Returns `PAGE_TOKEN_INVALID`.
    pub fn read(page_size: i32, token: &str, arguments: String) -> Result<Self, Refusal> {
        let behind: Option<Vec<String>> = page::decode(token, &[&arguments])?;
        Ok(Self {
            size: usize::try_from(page::size(page_size)).unwrap_or_default(),
            behind,
            arguments,
            messages: Vec::new(),
            bytes: 0,
            state: Filling::Open,
        })
    }

    /// Requires that the key of the page token can be one of a list.
    ///
    /// # Errors
    /// Returns `PAGE_TOKEN_INVALID` if it can't: the token was forged.
    pub(crate) fn require_key_of(&self, listing: &Listing) -> Result<(), Refusal> {
        let mut key = self.behind.iter();
        if key.all(|key| listing.is_key(key)) {
            Ok(())
        } else {
            Err(TokenMismatch.into())
        }
    }

    /// Returns the records to load next: the position that they follow, and their
    /// number. It is one more than there is room for, to find out whether there are
    /// more records. Returns `None` once the page is complete.
    pub(crate) fn wanted(&self) -> Option<(Option<&[String]>, usize)> {
        let room = self.size - self.messages.len();
        (self.state == Filling::Open).then(|| (self.behind.as_deref(), room.min(CHUNK) + 1))
    }

    /// Adds the loaded records, as far as there is room. `found` must be the records
    /// that [`Page::wanted`] asked for.
    pub(crate) fn fill<R>(&mut self, found: Vec<Listed<R>>, message: impl Fn(R) -> M) {
        let Some((_, wanted)) = self.wanted() else {
            return;
        };
        let count = found.len();
        // The last of the wanted records only shows that there are more: it is read
        // again for the next chunk or page.
        for (listed, place) in found.into_iter().zip(1..wanted) {
            let message = message(listed.record);
            self.bytes += message.encoded_len();
            self.messages.push(message);
            self.behind = Some(listed.key);
            // Checked after the record was added: a page has at least one, so that
            // paging makes progress.
            if self.bytes >= page::MAXIMUM_BYTES && place < count {
                self.state = Filling::Full;
                return;
            }
        }
        if count < wanted {
            self.state = Filling::Exhausted;
        } else if self.messages.len() == self.size {
            self.state = Filling::Full;
        }
    }

    /// Returns the messages of the page, and the token of the next one; empty if there
    /// is none.
    pub(crate) fn close(self) -> (Vec<M>, String) {
        let token = match (self.state, self.behind) {
            (Filling::Full, Some(last)) => page::encode(&last, &[&self.arguments]),
            _ => String::new(),
        };
        (self.messages, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the pages of a list whose records have these sizes.
    fn last(key: &[String]) -> usize {
        key[0].parse().expect("an entry")
    }

    fn pages(sizes: &[usize], page_size: i32) -> Vec<Vec<usize>> {
        let (mut token, mut pages) = (String::new(), Vec::new());
        loop {
            let mut page: Page<String> =
                Page::read(page_size, &token, "records".to_owned()).expect("our token");
            while let Some((behind, limit)) = page.wanted() {
                let entries = (0..sizes.len()).rev().map(|entry| (entry, sizes[entry]));
                let found = entries
                    .filter(|(entry, _)| behind.is_none_or(|behind| *entry < last(behind)))
                    .map(|(entry, size)| Listed {
                        key: vec![entry.to_string()],
                        record: size,
                    })
                    .take(limit);
                page.fill(found.collect(), |size| "x".repeat(size));
            }
            let (messages, next) = page.close();
            pages.push(messages.iter().map(String::len).collect());
            if next.is_empty() {
                return pages;
            }
            token = next;
        }
    }

    #[test]
    fn pages_end_at_their_size_or_their_bytes_and_miss_nothing() {
        let small: Vec<usize> = (0..450).collect();
        for page_size in [1, 7, 50, 200, 201, 449, 450, 451, 1000] {
            let made = pages(&small, page_size);
            let size = usize::try_from(page_size).expect("small");
            assert!(made[..made.len() - 1].iter().all(|page| page.len() == size));
            let all: Vec<usize> = made.concat();
            assert!(all.iter().rev().eq(&small), "{page_size}");
        }
        // Sizes like those of meetings with long minutes.
        let large = vec![30_000; 300];
        let made = pages(&large, 1000);
        assert_eq!(made.concat(), large);
        for page in &made {
            assert!(page.iter().sum::<usize>() < page::MAXIMUM_BYTES + 30_010);
        }
        assert!(made.len() >= 8, "{}", made.len());
        // A record larger than a page gets a page of its own. The last page has no
        // token.
        let made = pages(&[1, 2 * page::MAXIMUM_BYTES], 1000);
        assert_eq!(made, [vec![2 * page::MAXIMUM_BYTES], vec![1]]);
        assert_eq!(pages(&[], 10), [Vec::<usize>::new()]);
    }
}
