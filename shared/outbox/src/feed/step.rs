//! The statement by which readers walk through the feed. It looks at a bounded
//! stretch of positions, however few events of it the reader may see, and at the
//! event behind which the reader stands: all of it in one snapshot, so that no
//! event is handed out behind a position that the feed no longer has.

use chrono::{DateTime, Utc};
use prost::Message as _;
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    events::v1::{Event, PayloadWithheld, WithheldCause, event::Payload},
    refusal::Refusal,
};
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::StoreError;

use super::unknown_token;
use crate::{event::MAX_PAYLOAD, position::Position};

/// Positions looked at by one statement.
const STRETCH: i64 = 20_000;
/// Events read by one statement.
const BATCH: i64 = 500;
/// Bytes of payloads read by one statement, give or take one event.
const BYTES: i64 = 4 * 1024 * 1024;
/// Largest payload that is sent. What was written before there was a limit is
/// sent as far as readers can take it.
const LARGEST: usize = MAX_PAYLOAD + 512 * 1024;

/// A stretch of the feed.
#[derive(Debug)]
pub(super) struct Step {
    /// What the reader may see of it, each event with the position behind it.
    pub(super) events: Vec<(Position, Event)>,
    /// Behind all that was looked at.
    pub(super) behind: Position,
    /// Number of the feed's last event.
    pub(super) end: i64,
}

/// The feed at one moment, and one event of the stretch.
#[derive(sqlx::FromRow)]
struct Row {
    feed_id: Uuid,
    last_position: i64,
    until: i64,
    after_event_id: Option<Uuid>,
    until_event_id: Option<Uuid>,
    /// How many events the stretch has, at most [`BATCH`].
    found: Option<i64>,
    #[sqlx(flatten)]
    event: EventRow,
}

/// An event of the outbox; all empty if the stretch has none.
#[derive(sqlx::FromRow)]
struct EventRow {
    position: Option<i64>,
    event_id: Option<Uuid>,
    record_id: Option<Uuid>,
    revision: Option<i64>,
    area_code: Option<String>,
    occurred_time: Option<DateTime<Utc>>,
    recorded_time: Option<DateTime<Utc>>,
    imported: Option<bool>,
    traceparent: Option<String>,
    byte_count: Option<i32>,
    payload: Option<Vec<u8>>,
}

/// Reads on behind a position, up to `limit` at most.
///
/// # Errors
/// `FEED_TOKEN_UNKNOWN` if the feed has no such position, and what the database
/// says.
pub(super) async fn read(
    pool: &PgPool,
    after: Position,
    limit: i64,
    scope: &RecordScope,
) -> Result<Step, Refusal> {
    let rows: Vec<Row> = sqlx::query_as(
        "select feed.feed_id, feed.last_position, feed.until, \
             after_event.event_id as after_event_id, until_event.event_id as until_event_id, \
             event.found, event.position, event.event_id, event.record_id, event.revision, \
             event.area_code, event.occurred_time, event.recorded_time, event.imported, \
             event.traceparent, event.byte_count, event.payload \
         from (select feed_id, last_position, least(last_position, $2) as until from feed) feed \
         left join outbox after_event on after_event.position = $1 \
         left join outbox until_event on until_event.position = feed.until \
         left join lateral ( \
             select found, position, event_id, record_id, revision, area_code, occurred_time, \
                 recorded_time, imported, traceparent, byte_count, payload \
             from ( \
                 select position, event_id, record_id, revision, area_code, occurred_time, \
                     recorded_time, imported, traceparent, octet_length(payload) as byte_count, \
                     case when octet_length(payload) <= $6 then payload end as payload, \
                     count(*) over () as found, \
                     sum(octet_length(payload)) over (order by position) \
                         - octet_length(payload) as bytes_before \
                 from ( \
                     select position, event_id, record_id, revision, area_code, occurred_time, \
                         recorded_time, imported, traceparent, payload \
                     from outbox \
                     where position > $1 and position <= feed.until \
                     and (area_code = '' or (area_code >= $3 and area_code < $4)) \
                     order by position limit $5 \
                 ) batch \
             ) sized where bytes_before < $7 \
         ) event on true",
    )
    .bind(after.number)
    .bind(limit.min(after.number.saturating_add(STRETCH)))
    .bind(scope.area_from())
    .bind(scope.area_until())
    .bind(BATCH)
    .bind(i32::try_from(LARGEST).unwrap_or(i32::MAX))
    .bind(BYTES)
    .fetch_all(pool)
    .await
    .map_err(StoreError::from)?;
    step(after, rows)
}

fn step(after: Position, mut rows: Vec<Row>) -> Result<Step, Refusal> {
    let Some(first) = rows.first() else {
        return Err(Refusal::internal(&"the feed's database has no feed"));
    };
    let same = first.feed_id == after.feed_id
        && first.last_position >= after.number
        && after.stands_behind(first.after_event_id);
    if !same {
        return Err(unknown_token());
    }
    let (end, found) = (first.last_position, first.found.unwrap_or_default());
    let until = match (first.until, first.until_event_id) {
        (0, _) => Position::beginning(after.feed_id),
        (number, Some(event_id)) => Position::behind(after.feed_id, number, event_id),
        (_, None) => return Err(Refusal::internal(&"the outbox lacks an event of the feed")),
    };
    rows.sort_by_key(|row| row.event.position);
    let events: Vec<_> = rows
        .into_iter()
        .filter_map(|row| row.event.told(after.feed_id))
        .collect();
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let behind = match events.last() {
        // There are more in the stretch than were read.
        Some((last, _)) if found == BATCH || count < found => *last,
        _ => until,
    };
    Ok(Step {
        events,
        behind,
        end,
    })
}

impl EventRow {
    /// The event as readers get it, with the position behind it.
    fn told(self, feed_id: Uuid) -> Option<(Position, Event)> {
        let event_id = self.event_id?;
        let position = Position::behind(feed_id, self.position?, event_id);
        let withheld = |cause: WithheldCause| Event {
            payload: Some(Payload::PayloadWithheld(PayloadWithheld {
                cause: cause.into(),
                byte_count: self.byte_count.unwrap_or_default().into(),
            })),
            ..Event::default()
        };
        let stored = match self.payload {
            None => withheld(WithheldCause::TooLarge),
            Some(payload) => Event::decode(payload.as_slice())
                .unwrap_or_else(|_| withheld(WithheldCause::Unreadable)),
        };
        let area = self.area_code.unwrap_or_default();
        let event = Event {
            token: position.token(),
            event_id: event_id.to_string(),
            record_id: self.record_id?.to_string(),
            revision: self.revision?,
            district_code: area_code::district(&area).to_owned(),
            occurred_time: self.occurred_time.map(timestamp),
            recorded_time: self.recorded_time.map(timestamp),
            imported: self.imported?,
            traceparent: self.traceparent?,
            ..stored
        };
        Some((position, event))
    }
}
