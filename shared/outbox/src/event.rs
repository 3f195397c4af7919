//! Writing an event beside the change that it tells of.

use chrono::{DateTime, Utc};
use prost::Message as _;
use uuid::Uuid;
use wangge_api::events::v1::{Event, event::Payload};
use wangge_pg::{StoreError, Tx};

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
/// What the database says.
pub async fn append(tx: &mut Tx, event: &NewEvent) -> Result<(), StoreError> {
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
