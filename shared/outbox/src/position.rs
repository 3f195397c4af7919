//! Positions in a feed as tokens: opaque to callers, and naming the feed, so
//! that a token of another feed or of a database made anew is known for one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wangge_api::{errors::v1::Reason, refusal::Refusal};

/// A position: behind which event of which feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The feed.
    pub feed_id: Uuid,
    /// Number of the last event before the position; 0 is the beginning.
    pub number: i64,
}

impl Position {
    /// The position as a token.
    pub fn token(&self) -> String {
        let mut bytes = self.feed_id.as_bytes().to_vec();
        bytes.extend(self.number.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a token names in this feed; an empty token names the
    /// beginning.
    ///
    /// # Errors
    /// `FEED_TOKEN_INVALID` for a malformed token or another feed's.
    pub fn read(token: &str, feed_id: Uuid) -> Result<Self, Refusal> {
        if token.is_empty() {
            return Ok(Self { feed_id, number: 0 });
        }
        parse(token)
            .filter(|position| position.feed_id == feed_id && position.number >= 0)
            .ok_or_else(|| Refusal {
                reason: Reason::FeedTokenInvalid,
                ..Refusal::field("after_token", "feed_token", "is no token of this feed")
            })
    }
}

/// The position that a token names, of whatever feed.
pub(crate) fn parse(token: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (feed_id, number) = bytes.split_at_checked(16)?;
    Some(Position {
        feed_id: Uuid::from_slice(feed_id).ok()?,
        number: i64::from_be_bytes(number.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_feed_only() {
        let feed_id = Uuid::now_v7();
        let position = Position {
            feed_id,
            number: 42,
        };
        assert_eq!(
            Position::read(&position.token(), feed_id).unwrap(),
            position
        );
        assert_eq!(Position::read("", feed_id).unwrap().number, 0);
        for token in [position.token().as_str(), "x", "", "☃"].iter().skip(1) {
            if !token.is_empty() {
                assert!(Position::read(token, feed_id).is_err(), "{token}");
            }
        }
        assert!(Position::read(&position.token(), Uuid::now_v7()).is_err());
    }
}
