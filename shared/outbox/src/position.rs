//! Positions in a feed, encoded as tokens that are opaque to callers. A token
//! contains the feed's id, so that a token of another feed or of a recreated
//! database is recognised, and a digest of the event before the position, so that a
//! token of a lost history is recognised. It doesn't check that the feed has that
//! event.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use wangge_api::refusal::{Reason, Refusal, Rule};

/// Length of a token without a mark, in characters; the prefix of every token.
pub(crate) const SHORT: usize = 32;

/// A position in a feed, after one of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Id of the feed, stored in its database.
    pub feed_id: Uuid,
    /// Number of the last event before the position; 0 is the beginning.
    pub number: i64,
    /// Digest of that event. `None` at the beginning, and in tokens from before
    /// marks were introduced.
    pub mark: Option<Mark>,
}

/// A digest that identifies an event in a token. It is only compared, and reveals
/// nothing about an event that the token's bearer may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; 8]);

impl Mark {
    /// Computes the mark of an event of a feed.
    pub fn of(feed_id: Uuid, event_id: Uuid) -> Self {
        // Hashed, since an event id is a UUIDv7 and would reveal its time.
        let mut hash = Sha256::new();
        hash.update(feed_id.as_bytes());
        hash.update(event_id.as_bytes());
        let mut mark = [0; 8];
        for (byte, digest) in mark.iter_mut().zip(hash.finalize()) {
            *byte = digest;
        }
        Self(mark)
    }
}

impl Position {
    /// Returns the position before the first event of a feed.
    pub fn beginning(feed_id: Uuid) -> Self {
        Self {
            feed_id,
            number: 0,
            mark: None,
        }
    }

    /// Returns the position after an event.
    pub fn behind(feed_id: Uuid, number: i64, event_id: Uuid) -> Self {
        Self {
            feed_id,
            number,
            mark: Some(Mark::of(feed_id, event_id)),
        }
    }

    /// Encodes the position as a token.
    pub fn token(&self) -> String {
        let mut bytes = self.feed_id.as_bytes().to_vec();
        bytes.extend(self.number.to_be_bytes());
        if let Some(Mark(mark)) = self.mark {
            bytes.extend(mark);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes a token of this feed; an empty token is the beginning.
    ///
    /// # Errors
    /// Returns `FEED_TOKEN_INVALID` if the token is malformed or belongs to another
    /// feed.
    pub fn read(token: &str, feed_id: Uuid) -> Result<Self, Refusal> {
        if token.is_empty() {
            return Ok(Self::beginning(feed_id));
        }
        parse(token)
            .filter(|position| position.feed_id == feed_id && position.number >= 0)
            .ok_or_else(|| Refusal {
                reason: Reason::FeedTokenInvalid,
                ..Refusal::field(
                    "after_token",
                    Rule::FeedToken,
                    "is not a token of this feed",
                )
            })
    }

    /// Returns true if `event_id`, which the feed has at this number, is the event
    /// that the position follows.
    pub(crate) fn stands_behind(&self, event_id: Option<Uuid>) -> bool {
        match (self.number, self.mark, event_id) {
            (0, ..) => true,
            (_, _, None) => false,
            // An older token without a mark can only be checked for an existing
            // number.
            (_, None, Some(_)) => true,
            (_, Some(mark), Some(event_id)) => mark == Mark::of(self.feed_id, event_id),
        }
    }
}

/// Decodes a token of any feed.
pub(crate) fn parse(token: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (feed_id, rest) = bytes.split_at_checked(16)?;
    let (number, mark) = rest.split_at_checked(8)?;
    let mark = match mark {
        [] => None,
        mark => Some(Mark(mark.try_into().ok()?)),
    };
    Some(Position {
        feed_id: Uuid::from_slice(feed_id).ok()?,
        number: i64::from_be_bytes(number.try_into().ok()?),
        mark,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_feed_only() {
        let feed_id = Uuid::now_v7();
        let position = Position::behind(feed_id, 42, Uuid::now_v7());
        assert_eq!(
            Position::read(&position.token(), feed_id).unwrap(),
            position
        );
        assert_eq!(Position::read("", feed_id).unwrap().number, 0);
        let cut = &position.token()[..SHORT + 2];
        for token in ["x", "☃", "AAAA", cut] {
            assert!(Position::read(token, feed_id).is_err(), "{token}");
        }
        assert!(Position::read(&position.token(), Uuid::now_v7()).is_err());
    }

    #[test]
    fn a_token_is_good_behind_its_own_event_only() {
        let (feed_id, event_id) = (Uuid::now_v7(), Uuid::now_v7());
        let position = Position::behind(feed_id, 42, event_id);
        assert!(position.stands_behind(Some(event_id)));
        assert!(!position.stands_behind(Some(Uuid::now_v7())));
        assert!(!position.stands_behind(None));
        assert!(Position::beginning(feed_id).stands_behind(None));
    }

    /// A token starts with its older form, without a mark, which older readers and
    /// services can still use.
    #[test]
    fn a_token_begins_with_its_older_form() {
        let (feed_id, event_id) = (Uuid::now_v7(), Uuid::now_v7());
        let position = Position::behind(feed_id, 42, event_id);
        let older = Position {
            mark: None,
            ..position
        };
        assert_eq!(position.token()[..SHORT], older.token());
        assert!(older.stands_behind(Some(event_id)));
        assert!(!older.stands_behind(None));
    }
}
