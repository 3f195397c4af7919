//! Projections of the feeds' events. Each one stores the revision that it has applied, so
//! that a duplicate event has no effect.

pub mod organization;
mod records;
pub mod tickets;
pub mod volunteers;

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::{
    date,
    events::v1::{Event, event::Payload},
    refusal::{Refusal, Rule},
    types::v1::Date,
};
use wangge_pg::{Tx, transaction::Failure};

use crate::store::applied::advance;

/// Returns true if the revision of the event's record hasn't been applied yet, and marks it
/// as applied.
async fn is_news(tx: &mut Tx, event: &Event) -> Result<bool, Failure> {
    Ok(advance(tx, kind(event), id(&event.record_id)?, event.revision).await?)
}

/// Returns the kind of the event's record. Ids are unique only within a kind.
fn kind(event: &Event) -> &str {
    match &event.payload {
        Some(Payload::RecordChanged(record)) => &record.kind,
        Some(Payload::AreaChanged(_)) => "area",
        Some(Payload::UnitChanged(_)) => "unit",
        Some(Payload::AppointmentChanged(_)) => "appointment",
        Some(Payload::PublishedFigureChanged(_)) => "published_figure",
        Some(Payload::AddressChanged(_)) => "address",
        Some(Payload::TicketChanged(_)) => "ticket",
        Some(Payload::CategoryChanged(_)) => "category",
        Some(Payload::ResponsibilityChanged(_)) => "responsibility",
        Some(Payload::RegistrationChanged(_)) => "registration",
        Some(Payload::CheckInVisitChanged(_)) => "check_in_visit",
        // The consumer moves withheld events to the dead-letter table before they get here.
        Some(Payload::PayloadWithheld(_)) | None => "",
    }
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field("id", Rule::StringUuid, "must be a UUID"))
}

/// Parses an optional id.
fn optional_id(text: &str) -> Result<Option<Uuid>, Refusal> {
    (!text.is_empty()).then(|| id(text)).transpose()
}

fn day(date: Option<&Date>) -> Result<NaiveDate, Refusal> {
    date::required(date, "date")
}

fn optional_day(date: Option<&Date>) -> Result<Option<NaiveDate>, Refusal> {
    date::optional(date, "date")
}

/// Converts a number of the contracts to the type of its column.
fn code(number: i32) -> i16 {
    i16::try_from(number).unwrap_or_default()
}
