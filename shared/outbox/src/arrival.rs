//! How long to wait for what other services' feeds are to bring: as long as
//! they bring anything, however slow the machine is, and no longer than it
//! takes to know that it is not among what they bring. It does not look for
//! anything itself, and knows no event's meaning.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::time::Instant;
use wangge_pg::StoreError;

/// Pause between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a feed may bring nothing before it counts as one that has nothing
/// more to bring. Longer than a feed's reader needs on a busy machine to take
/// one message, since a reader that is merely slow must not be given up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How much later than what is waited for an event must have been recorded
/// before nothing older is expected: events are told in the order of commits,
/// not in that of their times, and clocks differ a little.
const MARGIN: Duration = Duration::from_secs(5);

/// Waits for one thing to arrive by a feed.
#[derive(Debug)]
pub struct Arrival {
    pool: PgPool,
    since: DateTime<Utc>,
    feeds: HashMap<String, (String, Instant)>,
    began: Instant,
}

impl Arrival {
    /// Begins to wait for what was committed elsewhere by now. `pool` is of the
    /// database in which the feeds are applied.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            since: Utc::now(),
            feeds: HashMap::new(),
            began: Instant::now(),
        }
    }

    /// Pauses before the next look. Returns false once no feed is expected to
    /// bring what was committed before the wait began: each has either told of
    /// something later, or has brought nothing for a while.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn may_still_come(&mut self) -> Result<bool, StoreError> {
        type Position = (String, String, Option<DateTime<Utc>>);
        let positions: Vec<Position> =
            sqlx::query_as("select service, token, told_until from feed_position")
                .fetch_all(&self.pool)
                .await?;
        let now = Instant::now();
        let mut expected = positions.is_empty() && now < self.began + IDLE_TIMEOUT;
        for (service, token, told_until) in positions {
            let (known, moved) = self
                .feeds
                .entry(service)
                .or_insert_with(|| (token.clone(), now));
            if *known != token {
                (*known, *moved) = (token, now);
            }
            let passed = told_until.is_some_and(|told| told > self.since + MARGIN);
            expected |= !passed && now < *moved + IDLE_TIMEOUT;
        }
        if expected {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(expected)
    }
}
