//! One stream of the feed: reads in bounded steps up to its end, or follows new
//! events, with checkpoints at regular intervals.

use std::time::Duration;

use chrono::Utc;
use prost::Message as _;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout_at},
};
use wangge_api::{
    date::timestamp,
    events::v1::{Event, SubscribeResponse},
    refusal::{Reason, Refusal},
};

use super::{
    end::End,
    selection::{Beginning, Selection},
    shutting_down,
    source::Source,
    step::{Limit, Step},
};
use crate::position::Position;

/// Target size of a message in bytes, exceeded by at most one event.
const MAX_BYTES: usize = 1024 * 1024;
/// Maximum interval between messages; a checkpoint is sent after it.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(8);
/// How much of the feed is in memory for one stream.
const LIMIT: Limit = Limit {
    events: 500,
    bytes: 4 * 1024 * 1024,
};
/// Timeout for a reader to accept a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the feed for one stream.
#[derive(Debug)]
pub(super) struct Reader {
    source: Source,
    end: watch::Receiver<End>,
    selection: Selection,
    at: Position,
    /// Position at which the stream ends; `None` if it follows new events.
    until: Option<i64>,
    /// True if the stream begins with a checkpoint, whatever follows.
    introduced: bool,
    /// Time of the last message; `None` before the first.
    sent: Option<Instant>,
}

impl Reader {
    /// Opens a reader where it begins. `follow` makes it wait for new events at the end.
    ///
    /// # Errors
    /// Returns `FEED_TOKEN_INVALID`, `FEED_TOKEN_UNKNOWN`, or the database's error.
    pub(super) async fn open(
        source: Source,
        end: watch::Receiver<End>,
        selection: Selection,
        beginning: &Beginning,
        follow: bool,
    ) -> Result<Self, Refusal> {
        let (feed_id, last) = source.end().await?;
        let reader = Self {
            at: source.begin(beginning, (feed_id, last)).await?,
            source,
            end,
            selection,
            until: (!follow).then_some(last),
            introduced: !matches!(beginning, Beginning::After(_)),
            sent: None,
        };
        // Reads no events, but checks that the event at the position is still the
        // same.
        reader.step(reader.at.number).await?;
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
        if self.introduced {
            // Its caller has no token yet, and may have to resume with one.
            self.send(&sender, Vec::new()).await?;
            if self.until.is_some_and(|until| self.at.number >= until) {
                return Ok(());
            }
        }
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

    async fn step(&self, last: i64) -> Result<Step, Refusal> {
        let (at, selection) = (self.at, &self.selection);
        self.source.step(at, last, selection, LIMIT).await
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
