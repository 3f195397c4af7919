//! Writing an event beside the change that it tells of.

use chrono::{DateTime, Utc};
use prost::Message as _;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    refusal::Refusal,
};
use wangge_pg::{Tx, transaction::Failure};

/// Largest payload of an event, in bytes. Readers take messages of 4 MiB; what
/// goes with the payload in its message is far smaller than the difference.
pub const MAX_PAYLOAD: usize = 3 * 1024 * 1024;

/// An event about to be written.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Record that changed.
    pub record_id: Uuid,
    /// Revision that the change made.
    pub revision: i64,
    /// Where the record lies; empty for reference data of no area.
    pub area_code: String,
    /// When the change happened.
    pub occurred_time: DateTime<Utc>,
    /// When it is written.
    pub recorded_time: DateTime<Utc>,
    /// Part of a load of records with a past.
    pub imported: bool,
    /// What changed.
    pub payload: Payload,
}

impl NewEvent {
    /// Checks that the event can be told to readers.
    ///
    /// # Errors
    /// `GUARD_FAILED` if its payload is larger than [`MAX_PAYLOAD`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.payload.encoded_len() <= MAX_PAYLOAD {
            return Ok(());
        }
        Err(Refusal::guard(
            "event_size",
            "record",
            "would be larger than the 3 MiB that can be told of it",
        ))
    }

    /// The payload as it is stored: an event with nothing else in it.
    pub fn encoded(&self) -> Vec<u8> {
        Event {
            payload: Some(self.payload.clone()),
            ..Event::default()
        }
        .encode_to_vec()
    }
}

/// Writes an event in the transaction of its change. Call it once the record's
/// row is locked or inserted, so that events of one record are written in the
/// order of their revisions.
///
/// # Errors
/// Those of [`NewEvent::check`], and what the database says.
pub async fn append(tx: &mut Tx, event: &NewEvent) -> Result<(), Failure> {
    event.check()?;
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, traceparent, payload) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(Uuid::now_v7())
    .bind(event.record_id)
    .bind(event.revision)
    .bind(&event.area_code)
    .bind(event.occurred_time)
    .bind(event.recorded_time)
    .bind(event.imported)
    .bind(wangge_telemetry::context::current_traceparent())
    .bind(event.encoded())
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes events in the transaction of their changes, in their order.
///
/// # Errors
/// Those of [`NewEvent::check`], and what the database says.
pub async fn append_all(tx: &mut Tx, events: &[NewEvent]) -> Result<(), Failure> {
    for event in events {
        event.check()?;
    }
    let of = |event: &NewEvent| (Uuid::now_v7(), event.record_id);
    let (event_ids, record_ids): (Vec<_>, Vec<_>) = events.iter().map(of).unzip();
    let revisions: Vec<i64> = events.iter().map(|event| event.revision).collect();
    let area_codes: Vec<&str> = events
        .iter()
        .map(|event| event.area_code.as_str())
        .collect();
    let occurred: Vec<_> = events.iter().map(|event| event.occurred_time).collect();
    let recorded: Vec<_> = events.iter().map(|event| event.recorded_time).collect();
    let imported: Vec<bool> = events.iter().map(|event| event.imported).collect();
    let payloads: Vec<Vec<u8>> = events.iter().map(NewEvent::encoded).collect();
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, payload, traceparent) \
         select event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, \
         payload, $9 from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], \
         $5::timestamptz[], $6::timestamptz[], $7::boolean[], $8::bytea[]) with ordinality \
         as given (event_id, record_id, revision, area_code, occurred_time, recorded_time, \
         imported, payload, place) order by place",
    )
    .bind(event_ids)
    .bind(record_ids)
    .bind(revisions)
    .bind(area_codes)
    .bind(occurred)
    .bind(recorded)
    .bind(imported)
    .bind(payloads)
    .bind(wangge_telemetry::context::current_traceparent())
    .execute(tx)
    .await?;
    Ok(())
}
