//! The statement with which readers walk through the feed. It covers a bounded
//! range of positions, however few of the events the reader may see, and checks the
//! event before the range. All of it is read in one snapshot, so that no event is
//! sent after a position that the feed no longer has.

use chrono::{DateTime, Utc};
use prost::Message as _;
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    events::v1::{Event, PayloadWithheld, WithheldCause, event::Payload},
    refusal::Refusal,
};
use wangge_kernel::area_code;
use wangge_pg::StoreError;

use super::{selection::Selection, unknown_token};
use crate::{
    event::{self, MAX_PAYLOAD},
    position::Position,
};

/// Maximum number of positions covered by one statement.
pub(super) const STRETCH: i64 = 20_000;
/// Maximum size of a payload that is sent. Events from before [`MAX_PAYLOAD`] was
/// enforced are sent as long as readers can accept them.
const LARGEST: usize = MAX_PAYLOAD + 512 * 1024;

/// How much one statement reads at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Number of events.
    pub(super) events: i64,
    /// Number of bytes of their payloads, exceeded by at most one event.
    pub(super) bytes: i64,
}

/// A range of the feed.
#[derive(Debug)]
pub(super) struct Step {
    /// The events that the reader may see, each with the position after it.
    pub(super) events: Vec<(Position, Event)>,
    /// Position after the range.
    pub(super) behind: Position,
    /// Position of the feed's last event.
    pub(super) end: i64,
}

/// The state of the feed in the snapshot, with one event of the range.
#[derive(sqlx::FromRow)]
struct Row {
    feed_id: Uuid,
    last_position: i64,
    until: i64,
    after_event_id: Option<Uuid>,
    until_event_id: Option<Uuid>,
    /// Number of visible events in the range, at most [`Limit::events`].
    found: Option<i64>,
    #[sqlx(flatten)]
    event: EventRow,
}

/// An event of the outbox; all fields are `None` if the range has no visible event.
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
    /// `None` in events from before kinds were stored, too.
    kind: Option<String>,
}

/// Reads the selected events after a position, up to position `last`.
///
/// # Errors
/// Returns `FEED_TOKEN_UNKNOWN` if the feed doesn't have the position, or the
/// database's error.
pub(super) async fn read(
    pool: &PgPool,
    after: Position,
    last: i64,
    selection: &Selection,
    limit: Limit,
) -> Result<Step, Refusal> {
    // A left join from the one row of `feed`: the statement returns a row even if the
    // range has no visible event. The two events are subqueries, since joins could be
    // planned for a `feed` of many rows, by reading the whole outbox. Payloads above the limit aren't fetched, only
    // their size.
    let rows: Vec<Row> = sqlx::query_as(
        "select feed.feed_id, feed.last_position, feed.until, \
             (select event_id from outbox where position = $1) as after_event_id, \
             (select event_id from outbox where position = feed.until) as until_event_id, \
             event.found, event.position, event.event_id, event.record_id, event.revision, \
             event.area_code, event.occurred_time, event.recorded_time, event.imported, \
             event.traceparent, event.byte_count, event.payload, event.kind \
         from (select feed_id, last_position, least(last_position, $2) as until from feed) feed \
         left join lateral ( \
             select found, position, event_id, record_id, revision, area_code, occurred_time, \
                 recorded_time, imported, traceparent, byte_count, payload, kind \
             from ( \
                 select position, event_id, record_id, revision, area_code, occurred_time, \
                     recorded_time, imported, traceparent, kind, \
                     octet_length(payload) as byte_count, \
                     case when octet_length(payload) <= $6 then payload end as payload, \
                     count(*) over () as found, \
                     sum(octet_length(payload)) over (order by position) \
                         - octet_length(payload) as bytes_before \
                 from ( \
                     select position, event_id, record_id, revision, area_code, occurred_time, \
                         recorded_time, imported, traceparent, payload, kind \
                     from outbox \
                     where position > $1 and position <= feed.until \
                     and (area_code = '' or (area_code >= $3 and area_code < $4)) \
                     and ($8::text[] is null or kind is null or kind = any($8)) \
                     and ($9::timestamptz is null or recorded_time >= $9) \
                     and ($10::timestamptz is null or recorded_time < $10) \
                     order by position limit $5 \
                 ) batch \
             ) sized where bytes_before < $7 \
         ) event on true",
    )
    .bind(after.number)
    .bind(last.min(after.number.saturating_add(STRETCH)))
    .bind(selection.scope.area_from())
    .bind(selection.scope.area_until())
    .bind(limit.events)
    .bind(i32::try_from(LARGEST).unwrap_or(i32::MAX))
    .bind(limit.bytes)
    .bind(&selection.kinds)
    .bind(selection.from)
    .bind(selection.until)
    .fetch_all(pool)
    .await
    .map_err(StoreError::from)?;
    let mut step = step(after, rows, limit)?;
    // After the range was determined: an event that isn't sent belongs to it.
    step.events.retain(|(_, event)| selection.has_kind(event));
    Ok(step)
}

fn step(after: Position, mut rows: Vec<Row>, limit: Limit) -> Result<Step, Refusal> {
    let Some(first) = rows.first() else {
        return Err(Refusal::internal(&"the table `feed` is empty"));
    };
    // After a restore, the feed can have the same id and a higher number, but
    // another event at the position.
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
        (_, None) => {
            return Err(Refusal::internal(
                &"an event of the feed is missing from the outbox",
            ));
        }
    };
    rows.sort_by_key(|row| row.event.position);
    let events: Vec<_> = rows
        .into_iter()
        .filter_map(|row| row.event.told(after.feed_id))
        .collect();
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let behind = match events.last() {
        // The range may have further events: the step ends at the last one that was
        // read.
        Some((last, _)) if found == limit.events || count < found => *last,
        _ => until,
    };
    Ok(Step {
        events,
        behind,
        end,
    })
}

impl EventRow {
    /// Converts the row to the event that readers receive, with the position after
    /// it.
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
        let kind = match (self.kind, &stored.payload) {
            (Some(kind), _) => kind,
            (None, Some(payload)) => event::kind(payload).to_owned(),
            (None, None) => String::new(),
        };
        // Only the district, the part of a code that never changes for a record.
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
            kind,
            ..stored
        };
        Some((position, event))
    }
}
