//! The sequencer gives committed events their positions. One works at a time
//! in a database, chosen by an advisory lock; any replica takes over.
//!
//! Sequence values are taken before a commit, so an event can become visible
//! behind a later one's number. Positions are given after the commit, and so a
//! reader that goes by position misses nothing.

use std::{convert::Infallible, sync::Arc, time::Duration};

use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wangge_pg::{
    Leadership, StoreError,
    leadership::in_time,
    request::{self, FORGOTTEN_AT_ONCE},
};

/// What the replica that leads does.
const WORK: &str = "sequencer";
/// Channel on which readers are told of new positions.
pub(crate) const CHANNEL: &str = "wangge_feed";
/// How often events written by other replicas are looked for.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long events are gathered after a hint: numbering them one by one would
/// cost as many commits as writing them.
const GATHER: Duration = Duration::from_millis(10);
/// Pause before a lost connection is made again.
const AGAIN: Duration = Duration::from_secs(1);
/// Events numbered by one statement.
const BATCH: i64 = 2000;
/// How often old request ids are forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// Pause between two rounds of that while there are more.
const FORGET_MORE: Duration = Duration::from_millis(100);

/// Tells the sequencer of this process that an event was committed. Only a
/// hint: the sequencer looks anyway.
#[derive(Debug, Clone, Default)]
pub struct Hint(Arc<Notify>);

impl Hint {
    /// Something was committed.
    pub fn committed(&self) {
        self.0.notify_one();
    }
}

/// Numbers the events of one database.
#[derive(Debug)]
pub struct Sequencer {
    pool: PgPool,
    hint: Hint,
}

impl Sequencer {
    /// For the database of `pool`.
    pub fn new(pool: PgPool, hint: Hint) -> Self {
        Self { pool, hint }
    }

    /// Works, or stands by, until `stop`.
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
                () = tokio::time::sleep(AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Numbers events for as long as the lead is ours. Whoever leads also forgets
    /// old request ids; events don't wait for that.
    async fn lead(&self) -> Result<(), StoreError> {
        let mut lead = Leadership::stand_by(&self.pool, WORK).await?;
        tokio::select! {
            lost = self.number_on(lead.connection()) => lost,
            never = forget_on(&self.pool) => match never {},
        }
    }

    async fn number_on(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        loop {
            while number(connection).await? == BATCH {}
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = self.hint.0.notified() => tokio::time::sleep(GATHER).await,
            }
        }
    }
}

/// Forgets old request ids, some at a time, so that no statement holds many rows.
async fn forget_on(pool: &PgPool) -> Infallible {
    loop {
        let more = match request::forget_old(pool).await {
            Ok(forgotten) => i64::try_from(forgotten) == Ok(FORGOTTEN_AT_ONCE),
            Err(error) => {
                tracing::debug!(%error, "old request ids are forgotten later");
                false
            }
        };
        tokio::time::sleep(if more { FORGET_MORE } else { FORGET }).await;
    }
}

/// Numbers events that have no position yet and tells readers; answers how
/// many there were.
async fn number(connection: &mut PgConnection) -> Result<i64, StoreError> {
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
