//! Assigns positions to committed events. One sequencer runs per database, elected
//! by an advisory lock; any replica can take over.
//!
//! Sequence values are assigned before the commit, so an event can become visible
//! after one with a higher value. Positions are assigned after the commit, so a
//! reader that goes by position misses no event.

use std::{convert::Infallible, sync::Arc, time::Duration};

use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wangge_pg::{
    Leadership, StoreError,
    leadership::in_time,
    request::{self, PURGE_BATCH},
};

use crate::block;

/// The sequencer's name in leader election.
const WORK: &str = "sequencer";
/// Channel that notifies readers of new positions.
pub(crate) const CHANNEL: &str = "wangge_feed";
/// Poll interval for events that other replicas have committed.
const INTERVAL: Duration = Duration::from_millis(100);
/// Delay after a notification, to batch events: numbering them one by one would
/// take as many commits as writing them.
const BATCH_DELAY: Duration = Duration::from_millis(10);
/// Delay before reconnecting.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);
/// Maximum number of events numbered by one statement.
const BATCH: i64 = 2000;
/// Interval between deletions of expired request ids.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);
/// Delay between batches while more have expired.
const PURGE_BATCH_DELAY: Duration = Duration::from_millis(100);
/// Interval at which the feed's blocks are closed.
const BLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// Delay between blocks while there are more, as in a history from before there were
/// blocks.
const BLOCK_DELAY: Duration = Duration::from_millis(10);

/// Notifies the sequencer of this process that an event was committed. It is an
/// optimisation only: the sequencer polls anyway.
#[derive(Debug, Clone, Default)]
pub struct CommitNotifier(Arc<Notify>);

impl CommitNotifier {
    /// Notifies the sequencer of a commit.
    pub fn notify(&self) {
        self.0.notify_one();
    }
}

/// Assigns positions to the events of one database.
#[derive(Debug)]
pub struct Sequencer {
    pool: PgPool,
    notifier: CommitNotifier,
}

impl Sequencer {
    /// Creates the sequencer for the database of `pool`.
    pub fn new(pool: PgPool, notifier: CommitNotifier) -> Self {
        Self { pool, notifier }
    }

    /// Runs, as leader or on standby, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let lost = tokio::select! {
                lost = self.lead() => lost,
                () = stop.cancelled() => return,
            };
            if let Err(error) = lost {
                tracing::debug!(%error, "the sequencer's connection was lost");
            }
            tokio::select! {
                () = tokio::time::sleep(RECONNECT_DELAY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Numbers events for as long as this replica leads. The leader also deletes
    /// expired request ids and closes the feed's blocks, concurrently, so that events
    /// aren't delayed by it.
    async fn lead(&self) -> Result<(), StoreError> {
        let mut lead = Leadership::stand_by(&self.pool, WORK).await?;
        tokio::select! {
            lost = self.number_on(lead.connection()) => lost,
            never = forget_on(&self.pool) => match never {},
            never = close_blocks_on(&self.pool) => match never {},
        }
    }

    async fn number_on(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        loop {
            // A full batch means that there may be more: continue without a delay.
            while number(connection).await? == BATCH {}
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = self.notifier.0.notified() => tokio::time::sleep(BATCH_DELAY).await,
            }
        }
    }
}

/// Deletes expired request ids in small batches, so that no statement locks many
/// rows.
async fn forget_on(pool: &PgPool) -> Infallible {
    loop {
        let more = match request::forget_old(pool).await {
            Ok(forgotten) => i64::try_from(forgotten) == Ok(PURGE_BATCH),
            Err(error) => {
                tracing::debug!(%error, "could not delete old request ids: retrying later");
                false
            }
        };
        tokio::time::sleep(if more {
            PURGE_BATCH_DELAY
        } else {
            PURGE_INTERVAL
        })
        .await;
    }
}

/// Closes the blocks of the feed.
async fn close_blocks_on(pool: &PgPool) -> Infallible {
    loop {
        let more = match block::close_next(pool).await {
            Ok(more) => more,
            Err(error) => {
                tracing::debug!(%error, "could not close a block of the feed: retrying later");
                false
            }
        };
        tokio::time::sleep(if more { BLOCK_DELAY } else { BLOCK_INTERVAL }).await;
    }
}

/// Numbers events that have no position yet, notifies readers and returns the
/// number of events.
async fn number(connection: &mut PgConnection) -> Result<i64, StoreError> {
    // Positions are gapless, since only committed rows are counted and both updates
    // are one statement. `pg_notify` runs on the first row only; it is delivered on
    // commit.
    let numbered = sqlx::query_scalar(
        "with batch as materialized (
             -- What is committed by now, in the order in which it was written.
             select sequence, row_number() over (order by sequence) as place
             from (select sequence from outbox where position is null order by sequence limit $1) b
         ), numbered as (
             update outbox set position = feed.last_position + batch.place
             from batch, feed where outbox.sequence = batch.sequence
         ), moved as (
             update feed set last_position = last_position + (select count(*) from batch)
             where exists (select from batch) returning last_position
         )
         select count(*) from batch, lateral (
             select case when place = 1 then pg_notify($2, '') end
         ) told",
    )
    .bind(BATCH)
    .bind(CHANNEL)
    .fetch_one(connection);
    in_time(numbered).await
}
