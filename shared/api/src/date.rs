//! Conversions of dates and timestamps between messages and chrono.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::{
    refusal::{Refusal, Rule},
    types::v1::Date,
};

/// Converts a date to its message.
pub fn to_wire(date: NaiveDate) -> Date {
    Date {
        year: date.year(),
        month: i32::try_from(date.month()).unwrap_or_default(),
        day: i32::try_from(date.day()).unwrap_or_default(),
    }
}

/// Converts a date from its message; `field` is named in the refusal.
///
/// # Errors
/// Returns `FIELD_INVALID` if it is not a valid calendar date.
pub fn from_wire(date: &Date, field: &str) -> Result<NaiveDate, Refusal> {
    let part = |value: i32| u32::try_from(value).unwrap_or_default();
    NaiveDate::from_ymd_opt(date.year, part(date.month), part(date.day))
        .ok_or_else(|| Refusal::field(field, Rule::Date, "is not a valid calendar date"))
}

/// Converts an optional date from its message.
///
/// # Errors
/// Returns the errors of [`from_wire`].
pub fn optional(date: Option<&Date>, field: &str) -> Result<Option<NaiveDate>, Refusal> {
    date.map(|date| from_wire(date, field)).transpose()
}

/// Converts a required date from its message.
///
/// # Errors
/// Returns the errors of [`from_wire`], and `FIELD_INVALID` if the date is missing.
pub fn required(date: Option<&Date>, field: &str) -> Result<NaiveDate, Refusal> {
    match date {
        Some(date) => from_wire(date, field),
        None => Err(Refusal::field(field, Rule::Required, "is required")),
    }
}

/// Converts a moment to a timestamp message.
pub fn timestamp(time: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

/// Converts a moment from a timestamp message, truncated to microseconds, the
/// resolution of the database; `field` is named in the refusal.
///
/// # Errors
/// Returns `FIELD_INVALID` for a malformed timestamp or one outside the years 1900
/// to 9999.
pub fn moment(time: &prost_types::Timestamp, field: &str) -> Result<DateTime<Utc>, Refusal> {
    let nanos = u32::try_from(time.nanos).unwrap_or(u32::MAX);
    DateTime::from_timestamp(time.seconds, nanos / 1_000 * 1_000)
        // Chrono accepts nanoseconds of 1,000,000,000 and more for leap seconds;
        // protobuf doesn't.
        .filter(|moment| nanos < 1_000_000_000 && (1900..=9999).contains(&moment.year()))
        .ok_or_else(|| {
            Refusal::field(
                field,
                Rule::Timestamp,
                "is not a valid time in the years 1900 to 9999",
            )
        })
}
