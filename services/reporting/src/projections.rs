//! What each feed's events do here. Every projection remembers the revision
//! that it applied, so that an event that comes again does nothing.

pub mod organization;
mod records;
pub mod tickets;
pub mod volunteers;

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::{
    date,
    events::v1::{Event, event::Payload},
    refusal::Refusal,
    types::v1::Date,
};
use wangge_pg::{Tx, transaction::Failure};

use crate::store::applied::advance;

/// Whether an event is news: its record's revision had not been applied.
async fn is_news(tx: &mut Tx, event: &Event) -> Result<bool, Failure> {
    Ok(advance(tx, kind(event), id(&event.record_id)?, event.revision).await?)
}

/// What the record of an event is, so that two records with one id are told
/// apart.
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
        Some(Payload::PayloadWithheld(_)) | None => "",
    }
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field("id", "string.uuid", "must be a UUID"))
}

fn day(date: Option<&Date>) -> Result<NaiveDate, Refusal> {
    date::required(date, "date")
}

fn optional_day(date: Option<&Date>) -> Result<Option<NaiveDate>, Refusal> {
    date::optional(date, "date")
}

/// A number of the contracts as the database keeps it.
fn code(number: i32) -> i16 {
    i16::try_from(number).unwrap_or_default()
}
