//! Writes events in the transaction of the changes that they describe.

use chrono::{DateTime, Utc};
use prost::Message as _;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    refusal::Refusal,
};
use wangge_pg::{Tx, transaction::Failure};

/// Maximum encoded size of a payload, in bytes. Readers accept messages of 4 MiB;
/// the other fields of a message are far smaller than the difference.
pub const MAX_PAYLOAD: usize = 3 * 1024 * 1024;

/// An event that has not been written yet.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Id of the record that changed.
    pub record_id: Uuid,
    /// Revision of the record after the change.
    pub revision: i64,
    /// Code of the record's area; empty for reference data that belongs to no area.
    pub area_code: String,
    /// Time of the change.
    pub occurred_time: DateTime<Utc>,
    /// Time at which the event is written.
    pub recorded_time: DateTime<Utc>,
    /// True if the event is part of an import of historical records.
    pub imported: bool,
    /// The change itself, as one of the payloads of the contract.
    pub payload: Payload,
}

/// Returns the kind of the record that a payload is about: the name of its message in
/// snake case. Empty for a payload that is withheld.
pub fn kind(payload: &Payload) -> &str {
    match payload {
        Payload::RecordChanged(record) => &record.kind,
        Payload::PayloadWithheld(_) => "",
        Payload::AreaChanged(_) => "area",
        Payload::UnitChanged(_) => "unit",
        Payload::AppointmentChanged(_) => "appointment",
        Payload::PublishedFigureChanged(_) => "published_figure",
        Payload::AddressChanged(_) => "address",
        Payload::TicketChanged(_) => "ticket",
        Payload::CategoryChanged(_) => "category",
        Payload::ResponsibilityChanged(_) => "responsibility",
        Payload::RegistrationChanged(_) => "registration",
        Payload::CheckInVisitChanged(_) => "check_in_visit",
    }
}

impl NewEvent {
    /// Checks that the event can be sent to readers.
    ///
    /// # Errors
    /// Returns `INTERNAL` if the payload is larger than [`MAX_PAYLOAD`]: the contract bounds
    /// every field, so no call can make it so.
    pub fn check(&self) -> Result<(), Refusal> {
        // Rejected at the writer: an event that no reader can receive would
        // otherwise reach them as withheld.
        if self.payload.encoded_len() <= MAX_PAYLOAD {
            return Ok(());
        }
        let id = self.record_id;
        let why = format!("the event of {id} would be larger than {MAX_PAYLOAD} bytes");
        Err(Refusal::internal(&why))
    }

    /// Returns the payload as it is stored: encoded as an event that has only a
    /// payload.
    pub fn encoded(&self) -> Vec<u8> {
        Event {
            payload: Some(self.payload.clone()),
            ..Event::default()
        }
        .encode_to_vec()
    }
}

/// Writes an event in the transaction of its change. Call it after the record's row
/// has been locked or inserted, so that the events of a record are written in the
/// order of its revisions.
///
/// # Errors
/// Returns the errors of [`NewEvent::check`], or the database's error.
pub async fn append(tx: &mut Tx, event: &NewEvent) -> Result<(), Failure> {
    event.check()?;
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, traceparent, payload, kind) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
    .bind(kind(&event.payload))
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes several events in one statement, in the given order, in the transaction
/// of their changes.
///
/// # Errors
/// Returns the errors of [`NewEvent::check`], or the database's error.
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
    let kinds: Vec<&str> = events.iter().map(|event| kind(&event.payload)).collect();
    // `order by place`: the identity column numbers rows in insertion order, which
    // must be the given order.
    sqlx::query(
        "insert into outbox (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, payload, kind, traceparent) \
         select event_id, record_id, revision, area_code, occurred_time, recorded_time, imported, \
         payload, kind, $10 from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], \
         $5::timestamptz[], $6::timestamptz[], $7::boolean[], $8::bytea[], $9::text[]) \
         with ordinality as given (event_id, record_id, revision, area_code, occurred_time, \
         recorded_time, imported, payload, kind, place) order by place",
    )
    .bind(event_ids)
    .bind(record_ids)
    .bind(revisions)
    .bind(area_codes)
    .bind(occurred)
    .bind(recorded)
    .bind(imported)
    .bind(payloads)
    .bind(kinds)
    .bind(wangge_telemetry::context::current_traceparent())
    .execute(tx)
    .await?;
    Ok(())
}
