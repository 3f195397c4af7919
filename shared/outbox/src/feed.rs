//! The feed as a stream: what lies behind a token, then what comes. Ordered,
//! without gaps or duplicates; a reader that stalls is dropped with its token.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _, stream};
use prost::Message as _;
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    errors::v1::Reason,
    events::v1::{Event, SubscribeRequest, SubscribeResponse, server::feed_service_server},
    refusal::Refusal,
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::area_code;
use wangge_pg::StoreError;

use crate::{measures::Served, position::Position, sequencer::CHANNEL};

/// Events in a message at most.
const BATCH: i64 = 500;
/// Bytes of events in a message, give or take one event.
const BYTES: usize = 1024 * 1024;
/// Longest silence on a stream.
const CHECKPOINT: Duration = Duration::from_secs(8);
/// How long a reader may take to accept a message.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the feed's end is looked at when nobody tells of it.
const LOOK: Duration = Duration::from_secs(1);

/// Serves the feed of one database.
#[derive(Debug, Clone)]
pub struct Feed {
    pool: PgPool,
    end: watch::Receiver<i64>,
    served: Served,
    stop: CancellationToken,
}

impl Feed {
    /// The feed of the database of `pool`. Streams end at `stop`.
    pub fn start(pool: PgPool, stop: CancellationToken) -> Self {
        let (sender, end) = watch::channel(0);
        let served = Served::measured();
        let watching = watch_end(pool.clone(), sender, served.clone(), stop.clone());
        tokio::spawn(watching);
        Self {
            pool,
            end,
            served,
            stop,
        }
    }

    /// As a service to be routed to.
    pub fn service(self) -> feed_service_server::FeedServiceServer<Self> {
        feed_service_server::FeedServiceServer::new(self)
            .send_compressed(tonic::codec::CompressionEncoding::Gzip)
    }

    async fn open(
        &self,
        request: &SubscribeRequest,
        scope: RecordScope,
    ) -> Result<Reader, Refusal> {
        if !area_code::is_code(&request.area_code) {
            return Err(Refusal::field(
                "area_code",
                "string.pattern",
                "must be digits",
            ));
        }
        let (feed_id, end): (Uuid, i64) = sqlx::query_as("select feed_id, last_position from feed")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)?;
        let after = Position::read(&request.after_token, feed_id)?;
        if after.number > end {
            return Err(Refusal::new(
                Code::OutOfRange,
                Reason::FeedTokenUnknown,
                "the feed has no such position: start again without a token",
            ));
        }
        Ok(Reader {
            pool: self.pool.clone(),
            end: self.end.clone(),
            scope: scope.within(&request.area_code),
            at: after,
            until: if request.follow { None } else { Some(end) },
        })
    }
}

type Messages = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

#[tonic::async_trait]
impl feed_service_server::FeedService for Feed {
    type SubscribeStream = Messages;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Messages>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let reader = self.open(request.get_ref(), scope).await?;
        let (sender, receiver) = mpsc::channel(2);
        // Where the reader leaves the reason for which it ended the stream.
        let ending = Arc::new(Mutex::new(None));
        let (left, stop) = (ending.clone(), self.stop.clone());
        let (served, reading) = (self.served.clone(), self.served.reader());
        tokio::spawn(async move {
            let _reading = reading;
            let refusal = tokio::select! {
                ended = reader.read(sender) => ended.err(),
                () = stop.cancelled() => Some(shutting_down()),
            };
            if refusal
                .as_ref()
                .is_some_and(|refusal| refusal.reason == Reason::FeedReaderSlow)
            {
                served.stalled();
            }
            *left.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
        });
        let last =
            stream::once(
                async move { ending.lock().unwrap_or_else(PoisonError::into_inner).take() },
            );
        let messages = ReceiverStream::new(receiver)
            .map(Ok)
            .chain(last.filter_map(async |refusal| refusal.map(|refusal| Err(refusal.into()))));
        Ok(Response::new(Box::pin(messages)))
    }
}

/// Reads the feed for one stream.
#[derive(Debug)]
struct Reader {
    pool: PgPool,
    end: watch::Receiver<i64>,
    scope: RecordScope,
    at: Position,
    /// Where the stream ends; none if it follows what comes.
    until: Option<i64>,
}

impl Reader {
    async fn read(mut self, sender: mpsc::Sender<SubscribeResponse>) -> Result<(), Refusal> {
        let mut first = true;
        loop {
            // Read before the events: all of them up to here are visible.
            let end = self.until.unwrap_or_else(|| *self.end.borrow_and_update());
            let events = self.next_events(end).await?;
            if events.is_empty() {
                self.at.number = self.at.number.max(end);
                // The caller learns at once how far the feed has been read.
                if first || self.until.is_some() {
                    self.send(&sender, Vec::new()).await?;
                }
                first = false;
                if self.until.is_some() {
                    return Ok(());
                }
                self.wait(&sender).await?;
                continue;
            }
            first = false;
            for chunk in chunks(events) {
                if let Some((position, _)) = chunk.last() {
                    self.at.number = *position;
                }
                let events = chunk.into_iter().map(|(_, event)| event).collect();
                self.send(&sender, events).await?;
            }
        }
    }

    /// Waits for something new, with checkpoints against the silence.
    async fn wait(&mut self, sender: &mpsc::Sender<SubscribeResponse>) -> Result<(), Refusal> {
        let at = self.at.number;
        while tokio::time::timeout(CHECKPOINT, self.end.wait_for(|end| *end > at))
            .await
            .is_err()
        {
            self.send(sender, Vec::new()).await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        sender: &mpsc::Sender<SubscribeResponse>,
        events: Vec<Event>,
    ) -> Result<(), Refusal> {
        let message = SubscribeResponse {
            events,
            checkpoint_token: self.at.token(),
            sent_time: Some(timestamp(Utc::now())),
        };
        match sender.send_timeout(message, PATIENCE).await {
            Ok(()) => Ok(()),
            // Nobody is there any more to be told.
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(shutting_down()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Refusal::unavailable(
                Reason::FeedReaderSlow,
                "the reader fell too far behind: resume with the last token",
                Duration::from_secs(1),
            )),
        }
    }

    async fn next_events(&self, end: i64) -> Result<Vec<(i64, Event)>, Refusal> {
        type Row = (
            i64,
            Uuid,
            Uuid,
            i64,
            String,
            DateTime<Utc>,
            DateTime<Utc>,
            bool,
            String,
            Vec<u8>,
        );
        let rows: Vec<Row> = sqlx::query_as(
            "select position, event_id, record_id, revision, area_code, occurred_time, \
             recorded_time, imported, traceparent, payload from outbox \
             where position > $1 and position <= $2 \
             and (area_code = '' or (area_code >= $3 and area_code < $4)) \
             order by position limit $5",
        )
        .bind(self.at.number)
        .bind(end)
        .bind(self.scope.area_from())
        .bind(self.scope.area_until())
        .bind(BATCH)
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::from)?;
        rows.into_iter()
            .map(|row| {
                let (position, event_id, record_id, revision, area, occurred, recorded, ..) = &row;
                let token = Position {
                    number: *position,
                    ..self.at
                }
                .token();
                Ok((
                    *position,
                    Event {
                        token,
                        event_id: event_id.to_string(),
                        record_id: record_id.to_string(),
                        revision: *revision,
                        district_code: area_code::district(area).to_owned(),
                        occurred_time: Some(timestamp(*occurred)),
                        recorded_time: Some(timestamp(*recorded)),
                        imported: row.7,
                        traceparent: row.8.clone(),
                        ..Event::decode(row.9.as_slice()).map_err(|e| Refusal::internal(&e))?
                    },
                ))
            })
            .collect()
    }
}

/// Splits events into messages that are not too large.
fn chunks(events: Vec<(i64, Event)>) -> Vec<Vec<(i64, Event)>> {
    let mut chunks = vec![Vec::new()];
    let mut bytes = 0;
    for (position, event) in events {
        let size = event.encoded_len();
        if bytes + size > BYTES && bytes > 0 {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(chunk) = chunks.last_mut() {
            chunk.push((position, event));
        }
    }
    chunks
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: resume with the last token",
        Duration::from_secs(1),
    )
}

/// Keeps the feed's end known to all readers: told by the sequencer, and by
/// looking every second, since a notification can be lost.
async fn watch_end(
    pool: PgPool,
    sender: watch::Sender<i64>,
    served: Served,
    stop: CancellationToken,
) {
    let mut listener = None;
    while !stop.is_cancelled() {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        let looked: Result<(i64, f64), _> = sqlx::query_as(
            "select last_position, coalesce(( \
                 select extract(epoch from clock_timestamp() - recorded_time)::float8 \
                 from outbox where position is null order by sequence limit 1), 0) from feed",
        )
        .fetch_one(&pool)
        .await;
        if let Ok((end, waiting)) = looked {
            served.ends(end, waiting);
            sender.send_if_modified(|known| std::mem::replace(known, end) != end);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = told(&mut listener) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}

async fn told(listener: &mut Option<PgListener>) {
    match listener {
        Some(open) => {
            // None is a connection lost and made anew.
            if open.try_recv().await.is_err() {
                *listener = None;
            }
        }
        None => std::future::pending().await,
    }
}
