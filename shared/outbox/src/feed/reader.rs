//! One stream of the feed: reads in bounded steps up to its end, or follows new
//! events, with checkpoints at regular intervals.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use prost::Message as _;
use sqlx::PgPool;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{Instant, timeout_at},
};
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    events::v1::{Event, SubscribeRequest, SubscribeResponse},
    refusal::{Reason, Refusal},
};
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

use super::{
    end::End,
    shutting_down,
    step::{self, Step},
    unknown_token,
};
use crate::position::Position;

/// Target size of a message in bytes, exceeded by at most one event.
const MAX_BYTES: usize = 1024 * 1024;
/// Maximum interval between messages; a checkpoint is sent after it.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(8);
/// Timeout for a reader to accept a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the feed for one stream.
#[derive(Debug)]
pub(super) struct Reader {
    pool: PgPool,
    /// Acquired for each statement by readers with a limited number of connections.
    turns: Option<Arc<Semaphore>>,
    end: watch::Receiver<End>,
    scope: RecordScope,
    at: Position,
    /// Position at which the stream ends; `None` if it follows new events.
    until: Option<i64>,
    /// Time of the last message; `None` before the first.
    sent: Option<Instant>,
}

impl Reader {
    /// Opens a reader after the token of a request.
    ///
    /// # Errors
    /// Returns `FEED_TOKEN_INVALID`, `FEED_TOKEN_UNKNOWN`, or the database's error.
    pub(super) async fn open(
        pool: PgPool,
        turns: Option<Arc<Semaphore>>,
        end: watch::Receiver<End>,
        scope: RecordScope,
        request: &SubscribeRequest,
    ) -> Result<Self, Refusal> {
        let at = Position::beginning(Uuid::nil());
        let mut reader = Self {
            pool,
            turns,
            end,
            scope,
            at,
            until: None,
            sent: None,
        };
        let (feed_id, last): (Uuid, i64) = {
            // Released before `step`, which acquires it again: holding it twice
            // could deadlock.
            let _turn = reader.turn().await?;
            sqlx::query_as("select feed_id, last_position from feed")
                .fetch_one(&reader.pool)
                .await
                .map_err(StoreError::from)?
        };
        reader.at = Position::read(&request.after_token, feed_id)?;
        if !request.follow {
            reader.until = Some(last);
        }
        if reader.at.number > last {
            return Err(unknown_token());
        }
        // Reads no events, but checks that the event at the position is still the
        // same.
        let at = reader.at.number;
        reader.step(at).await?;
        Ok(reader)
    }

    /// Reads until the end of the stream.
    ///
    /// # Errors
    /// Returns the reason for an early end.
    pub(super) async fn read(
        mut self,
        sender: mpsc::Sender<SubscribeResponse>,
    ) -> Result<(), Refusal> {
        loop {
            // Each step checks the position again, in the snapshot of its events,
            // so a feed that goes back between steps is noticed.
            let step = self.step(self.until.unwrap_or(i64::MAX)).await?;
            let events = step.events.len();
            let mut chunks = chunks(step.events).into_iter().peekable();
            while let Some(chunk) = chunks.next() {
                // All chunks but the last end at their last event; the last one
                // also covers what was filtered out after it.
                self.at = match (chunk.last(), chunks.peek()) {
                    (Some((position, _)), Some(_)) => *position,
                    _ => step.behind,
                };
                let events = chunk.into_iter().map(|(_, event)| event).collect();
                self.send(&sender, events).await?;
            }
            let last = self.until.map_or(step.end, |until| until.min(step.end));
            let ends = step.behind.number >= last;
            let moved = step.behind.number > self.at.number;
            self.at = step.behind;
            if events > 0 {
                // Only an empty step shows that there are no more events.
                continue;
            }
            // A checkpoint is sent at the start, so that the caller learns its
            // position, and after each batch of positions without visible events,
            // so that a resumed stream doesn't read them again.
            let quiet = self
                .sent
                .is_none_or(|sent| sent.elapsed() >= CHECKPOINT_INTERVAL);
            if quiet || (moved && !ends) || (ends && self.until.is_some()) {
                self.send(&sender, Vec::new()).await?;
            }
            match (ends, self.until) {
                (true, Some(_)) => return Ok(()),
                (true, None) => self.wait().await?,
                (false, _) => {}
            }
        }
    }

    /// Waits for new events, at most until the next checkpoint is due.
    async fn wait(&mut self) -> Result<(), Refusal> {
        let at = self.at.number;
        let went_back = self.end.borrow().went_back;
        let checkpoint = self.sent.unwrap_or_else(Instant::now) + CHECKPOINT_INTERVAL;
        let news = self
            .end
            .wait_for(|end| end.number > at || end.went_back != went_back);
        match timeout_at(checkpoint, news).await {
            Ok(Ok(_)) | Err(_) => Ok(()),
            // The watcher of the feed's end has stopped.
            Ok(Err(_)) => Err(shutting_down()),
        }
    }

    async fn step(&self, limit: i64) -> Result<Step, Refusal> {
        let _turn = self.turn().await?;
        step::read(&self.pool, self.at, limit, &self.scope).await
    }

    async fn turn(&self) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, Refusal> {
        match &self.turns {
            None => Ok(None),
            Some(turns) => turns.acquire().await.map(Some).map_err(|_| shutting_down()),
        }
    }

    async fn send(
        &mut self,
        sender: &mpsc::Sender<SubscribeResponse>,
        events: Vec<Event>,
    ) -> Result<(), Refusal> {
        let message = SubscribeResponse {
            events,
            checkpoint_token: self.at.token(),
            sent_time: Some(timestamp(Utc::now())),
        };
        self.sent = Some(Instant::now());
        match sender.send_timeout(message, SEND_TIMEOUT).await {
            Ok(()) => Ok(()),
            // The client is gone, so the status won't be sent.
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(shutting_down()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Refusal::unavailable(
                Reason::FeedReaderSlow,
                "the reader fell too far behind: resume with the last token",
                Duration::from_secs(1),
            )),
        }
    }
}

/// Splits events into messages of limited size.
fn chunks(events: Vec<(Position, Event)>) -> Vec<Vec<(Position, Event)>> {
    let mut chunks: Vec<Vec<_>> = Vec::new();
    let mut bytes = 0;
    for (position, event) in events {
        let size = event.encoded_len();
        match chunks.last_mut() {
            Some(chunk) if bytes + size <= MAX_BYTES => {
                bytes += size;
                chunk.push((position, event));
            }
            _ => {
                bytes = size;
                chunks.push(vec![(position, event)]);
            }
        }
    }
    chunks
}
