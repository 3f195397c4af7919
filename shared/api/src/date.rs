//! Days and moments on the wire, to and from chrono's.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::{refusal::Refusal, types::v1::Date};

/// A day on the wire.
pub fn to_wire(date: NaiveDate) -> Date {
    Date {
        year: date.year(),
        month: i32::try_from(date.month()).unwrap_or_default(),
        day: i32::try_from(date.day()).unwrap_or_default(),
    }
}

/// A day from the wire; `field` is named if the month has no such day.
///
/// # Errors
/// `FIELD_INVALID` for a day that does not exist.
pub fn from_wire(date: &Date, field: &str) -> Result<NaiveDate, Refusal> {
    let part = |value: i32| u32::try_from(value).unwrap_or_default();
    NaiveDate::from_ymd_opt(date.year, part(date.month), part(date.day))
        .ok_or_else(|| Refusal::field(field, "date", "is no day of the calendar"))
}

/// A day that may be left out.
///
/// # Errors
/// As [`from_wire`].
pub fn optional(date: Option<&Date>, field: &str) -> Result<Option<NaiveDate>, Refusal> {
    date.map(|date| from_wire(date, field)).transpose()
}

/// A day that must be given.
///
/// # Errors
/// As [`from_wire`], and `FIELD_INVALID` if it is missing.
pub fn required(date: Option<&Date>, field: &str) -> Result<NaiveDate, Refusal> {
    match date {
        Some(date) => from_wire(date, field),
        None => Err(Refusal::field(field, "required", "is required")),
    }
}

/// A moment on the wire.
pub fn timestamp(time: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

/// A moment from the wire, cut to the microseconds that the database keeps;
/// `field` is named if it lies outside the years 1900 to 9999.
///
/// # Errors
/// `FIELD_INVALID` for a moment that cannot be kept.
pub fn moment(time: &prost_types::Timestamp, field: &str) -> Result<DateTime<Utc>, Refusal> {
    let nanos = u32::try_from(time.nanos).unwrap_or(u32::MAX);
    DateTime::from_timestamp(time.seconds, nanos / 1_000 * 1_000)
        .filter(|moment| nanos < 1_000_000_000 && (1900..=9999).contains(&moment.year()))
        .ok_or_else(|| Refusal::field(field, "timestamp", "is no moment of the years 1900 to 9999"))
}
