//! Sessions that a station holds on one day of every week. A session belongs to the area
//! of its station.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

coded_enum! {
    /// A day of the week, numbered as in the contract (and as in ISO 8601).
    Weekday {
        /// Monday.
        Monday = 1 => "monday",
        /// Tuesday.
        Tuesday = 2 => "tuesday",
        /// Wednesday.
        Wednesday = 3 => "wednesday",
        /// Thursday.
        Thursday = 4 => "thursday",
        /// Friday.
        Friday = 5 => "friday",
        /// Saturday.
        Saturday = 6 => "saturday",
        /// Sunday.
        Sunday = 7 => "sunday",
    }
}

/// A session that a station holds every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurringSession {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the station.
    pub station_id: Uuid,
    /// Name, 1 to 100 characters.
    pub name: Text,
    /// Id of the catalogue item that it offers, if there is one.
    pub catalogue_item_id: Option<Uuid>,
    /// Day of the week on which it is held.
    pub weekday: Weekday,
    /// Start time in minutes after midnight, in the time zone of the community.
    pub start_minute: i32,
    /// End time in minutes after midnight: after `start_minute`, at most 1440.
    pub end_minute: i32,
    /// Maximum number of participants, 1 or more.
    pub capacity: i32,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(RecurringSession);

impl Record for RecurringSession {
    const KIND: &'static str = "recurring_session";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.capacity >= 1,
            "capacity",
            Rule::Int32Gte,
            "must be 1 or more",
        );
        checks.rule(
            self.start_minute >= 0
                && self.end_minute > self.start_minute
                && self.end_minute <= 1440,
            "end_minute",
            Rule::Int32Order,
            "must be after start_minute, and at most 1440",
        );
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id("station_id", "station", self.station_id)),
            self.catalogue_item_id
                .map(|id| Reference::id("catalogue_item_id", "catalogue_item", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            code: self.weekday.name(),
            amount: self.capacity.into(),
            title: self.name.0.clone(),
            ..EventSummary::of_dated(self)
        }
    }
}

impl Weekday {
    /// Returns the day of the week of a date.
    pub fn of(day: NaiveDate) -> Self {
        match day.weekday() {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

impl RecurringSession {
    /// Returns true if the session is scheduled on a day. Closed days of the station are
    /// not considered.
    pub fn falls_on(&self, day: NaiveDate) -> bool {
        // Closed days are records of their own, so `store::booking` reads them from the
        // database.
        let holds = self.start_date <= day && self.end_date.is_none_or(|end| day < end);
        holds && Weekday::of(day) == self.weekday
    }
}
