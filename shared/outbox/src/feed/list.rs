//! Pages of the feed, for callers that poll: one bounded range per page. All pages of a
//! list end where the feed ended when the first one was read.

use uuid::Uuid;
use wangge_api::{
    date::moment,
    events::v1::{ListEventsRequest, ListEventsResponse},
    refusal::Refusal,
};
use wangge_auth::RecordScope;
use wangge_kernel::page::{self, TokenMismatch};

use super::{
    selection::{Beginning, Selection},
    source::Source,
    step::Limit,
    times, unknown_token,
};
use crate::{block, position::Position};

/// A list, as a request asks for it.
#[derive(Debug)]
pub(super) struct List {
    source: Source,
    selection: Selection,
    beginning: Beginning,
    page_size: i64,
    page_token: String,
    /// All that determines the events of the list.
    arguments: Vec<String>,
}

impl List {
    /// Reads a request.
    ///
    /// # Errors
    /// Returns `FIELD_INVALID`.
    pub(super) fn read(
        source: Source,
        scope: &RecordScope,
        known_kinds: &[&str],
        request: ListEventsRequest,
    ) -> Result<Self, Refusal> {
        let (area_code, kinds) = (&request.area_code, &request.kinds);
        let mut selection = Selection::read(scope, area_code, kinds, known_kinds)?;
        let from = request.start_time.as_ref();
        let beginning = Beginning::read(&request.after_token, false, from)?;
        if let Beginning::At(time) = beginning {
            selection.from = Some(time);
        }
        let until = request.end_time.as_ref();
        selection.until = until.map(|time| moment(time, "end_time")).transpose()?;
        let mut arguments = vec![
            "changes".to_owned(),
            request.area_code,
            request.after_token,
            format!("{:?} {:?}", selection.from, selection.until),
        ];
        arguments.extend(request.kinds);
        Ok(Self {
            source,
            selection,
            beginning,
            page_size: page::size(request.page_size),
            page_token: request.page_token,
            arguments,
        })
    }

    /// Reads a page.
    ///
    /// # Errors
    /// Returns `PAGE_TOKEN_INVALID`, `FEED_TOKEN_INVALID`, `FEED_TOKEN_UNKNOWN`, or the
    /// database's error.
    pub(super) async fn page(&self) -> Result<ListEventsResponse, Refusal> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let key: Option<String> = page::decode(&self.page_token, &arguments)?;
        let (feed_id, end) = self.source.end().await?;
        let (at, last) = match key {
            None => (
                self.source.begin(&self.beginning, (feed_id, end)).await?,
                end,
            ),
            Some(key) => {
                let (at, last) = read_key(&key, feed_id).ok_or(TokenMismatch)?;
                if last > end {
                    // The feed went back: there is no end to reach.
                    return Err(unknown_token());
                }
                (at, last)
            }
        };
        let limit = Limit {
            events: self.page_size,
            bytes: i64::try_from(page::MAXIMUM_BYTES).unwrap_or(i64::MAX),
        };
        let at = self.skip(at, last, limit).await?;
        let step = self.source.step(at, last, &self.selection, limit).await?;
        let behind = step.behind;
        let next_page_token = if behind.number < last {
            page::encode(&write_key(behind, last), &arguments)
        } else {
            String::new()
        };
        Ok(ListEventsResponse {
            events: step.events.into_iter().map(|(_, event)| event).collect(),
            next_page_token,
            checkpoint_token: self.checkpoint(behind, last).await?.token(),
        })
    }

    /// Moves a position past blocks of events that are all too late for the list.
    async fn skip(&self, at: Position, last: i64, limit: Limit) -> Result<Position, Refusal> {
        let Some(until) = self.selection.until else {
            return Ok(at);
        };
        let pool = &self.source.pool;
        let number = {
            let _turn = self.source.turn().await?;
            block::none_before(pool, until, at.number).await?.min(last)
        };
        if number <= at.number {
            return Ok(at);
        }
        // Reads no events, but checks that the event at the position is still the same:
        // nothing else would, once it has been left behind.
        let here = at.number;
        self.source.step(at, here, &self.selection, limit).await?;
        let _turn = self.source.turn().await?;
        times::at(pool, at.feed_id, number).await
    }

    /// Returns the position from which a reader without the limits of time misses
    /// nothing: before the first event that `end_time` leaves out.
    async fn checkpoint(&self, behind: Position, last: i64) -> Result<Position, Refusal> {
        let Some(until) = self.selection.until else {
            return Ok(behind);
        };
        let beginning = match &self.beginning {
            Beginning::After(token) => Position::read(token, behind.feed_id)?,
            // Every event before it is earlier than `end_time`, too.
            Beginning::Now | Beginning::At(_) => Position::beginning(behind.feed_id),
        };
        let _turn = self.source.turn().await?;
        let limited = times::before(&self.source.pool, behind.feed_id, until, last).await?;
        // Never before the list itself: what precedes it has been read already.
        let candidates = [limited, beginning].into_iter();
        let limited = candidates.max_by_key(|position| position.number);
        let limited = limited.filter(|limited| limited.number < behind.number);
        Ok(limited.unwrap_or(behind))
    }
}

/// Returns the content of a page token: the number of the list's last event, and the
/// position that the page follows. One text that begins with a digit: a token alone can
/// begin with a hyphen, which no key of a page does.
fn write_key(behind: Position, last: i64) -> String {
    format!("{last} {}", behind.token())
}

fn read_key(key: &str, feed_id: Uuid) -> Option<(Position, i64)> {
    let (last, token) = key.split_once(' ')?;
    let at = Position::read(token, feed_id).ok()?;
    Some((at, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_can_be_read_whatever_its_feed() {
        for first in 0..=u8::MAX {
            let feed_id = Uuid::from_bytes([first; 16]);
            let at = Position::behind(feed_id, 7, Uuid::from_u128(1));
            let token = page::encode(&write_key(at, 9), &["changes"]);
            let read: Option<String> = page::decode(&token, &["changes"]).unwrap();
            assert_eq!(read_key(&read.unwrap(), feed_id), Some((at, 9)));
        }
        let feed_id = Uuid::from_u128(1);
        let foreign = Position::behind(Uuid::from_u128(2), 7, feed_id);
        for key in ["", "9", "x AAAA", &write_key(foreign, 9)] {
            assert_eq!(read_key(key, feed_id), None, "{key}");
        }
    }
}
