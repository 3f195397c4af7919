//! What each feed's events do here. Every projection remembers the revision
//! that it applied, so that an event that comes again does nothing.

pub mod organization;
mod records;
pub mod tickets;
pub mod volunteers;

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::{date, events::v1::Event, refusal::Refusal, types::v1::Date};
use wangge_pg::{Tx, transaction::Failure};

use crate::store::applied::advance;

/// Whether an event is news: its record's revision had not been applied.
async fn is_news(tx: &mut Tx, event: &Event) -> Result<bool, Failure> {
    Ok(advance(tx, id(&event.record_id)?, event.revision).await?)
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
