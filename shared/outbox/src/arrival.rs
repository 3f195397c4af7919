//! Timeouts for records that other services' feeds are expected to deliver: waits
//! as long as the feeds make progress, however slow the machine is, and stops once
//! the record can't be among what they still deliver. It doesn't look for the
//! record itself and doesn't interpret any event.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::time::Instant;
use wangge_pg::StoreError;

/// Poll interval of the feeds' positions.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Idle timeout of a feed: without progress for this long it counts as finished.
/// Longer than a consumer needs for one message on a busy machine, so that a slow
/// consumer isn't taken for a finished one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// The margin by which an event must be newer than the start of the wait before no
/// older one is expected: events are ordered by commit, not by time, and clocks
/// differ a little.
const CLOCK_MARGIN: Duration = Duration::from_secs(5);

/// A wait for a record that a feed is expected to deliver.
#[derive(Debug)]
pub struct Arrival {
    pool: PgPool,
    since: DateTime<Utc>,
    feeds: HashMap<String, (String, Instant)>,
    began: Instant,
}

impl Arrival {
    /// Starts a wait for records that other services have committed by now. `pool`
    /// must be of the database in which their feeds are applied.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            since: Utc::now(),
            feeds: HashMap::new(),
            began: Instant::now(),
        }
    }

    /// Sleeps for the poll interval. Returns false once no feed is expected to
    /// deliver anything that was committed before the wait started: each has either
    /// passed that time, or was idle for a while.
    ///
    /// # Errors
    /// Returns an error if the database can't be queried.
    pub async fn may_still_come(&mut self) -> Result<bool, StoreError> {
        type Position = (String, String, Option<DateTime<Utc>>);
        let positions: Vec<Position> =
            sqlx::query_as("select service, token, told_until from feed_position")
                .fetch_all(&self.pool)
                .await?;
        let now = Instant::now();
        // No positions at all: the consumers may not have applied their first
        // message yet.
        let mut expected = positions.is_empty() && now < self.began + IDLE_TIMEOUT;
        for (service, token, told_until) in positions {
            let (known, moved) = self
                .feeds
                .entry(service)
                .or_insert_with(|| (token.clone(), now));
            if *known != token {
                (*known, *moved) = (token, now);
            }
            let passed = told_until.is_some_and(|told| told > self.since + CLOCK_MARGIN);
            expected |= !passed && now < *moved + IDLE_TIMEOUT;
        }
        if expected {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(expected)
    }
}
