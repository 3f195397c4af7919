//! References: how a record names others, and what is required of those that it
//! names. Finding them is the storage's.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_kernel::refusal::Refusal;

use crate::{Head, Record, States};

/// A record that another one names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Field that names it.
    pub field: &'static str,
    /// What it is, e.g. `person`.
    pub kind: &'static str,
    /// Which one.
    pub key: Key,
    /// Numbers of the kinds of area or unit that it may be; none for any.
    pub of: &'static [i16],
    /// What it must be, where that is not so.
    pub must_be: &'static str,
    /// Names of the states in which it can be named; none for any. What is
    /// loaded with a past names it as it was then, so this is asked of calls.
    pub states: Vec<&'static str>,
    /// The day on which it must hold, where that is not the record's own.
    pub day: Option<NaiveDate>,
    /// Whether it need not hold on any day: a guard of the table asks for it.
    pub any_day: bool,
}

/// How a record is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// By its id.
    Id(Uuid),
    /// By its code: areas.
    Code(String),
}

impl Reference {
    /// By id.
    pub fn id(field: &'static str, kind: &'static str, id: Uuid) -> Self {
        Self {
            field,
            kind,
            key: Key::Id(id),
            of: &[],
            must_be: "",
            states: Vec::new(),
            day: None,
            any_day: false,
        }
    }

    /// The area where the record lies.
    pub fn area(head: &Head) -> Self {
        Self {
            field: "area_code",
            kind: "area",
            key: Key::Code(head.area_code.clone()),
            of: &[],
            must_be: "",
            states: Vec::new(),
            day: None,
            any_day: false,
        }
    }

    /// Only while it is in some states.
    #[must_use]
    pub fn while_in<S: States>(self, states: &[S]) -> Self {
        Self {
            states: states.iter().map(|state| state.name()).collect(),
            ..self
        }
    }

    /// Holding on a day that is not the record's own, if it is known.
    #[must_use]
    pub fn on(self, day: Option<NaiveDate>) -> Self {
        Self { day, ..self }
    }

    /// Whether it holds or not.
    #[must_use]
    pub fn on_any_day(self) -> Self {
        Self {
            any_day: true,
            ..self
        }
    }

    /// Of some kinds only. Example: `.of(&[GRID], "must be a grid")`.
    #[must_use]
    pub fn of(self, of: &'static [i16], must_be: &'static str) -> Self {
        Self {
            of,
            must_be,
            ..self
        }
    }
}

/// The days on which something holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first one; none if it isn't known or there is none.
    pub start_date: Option<NaiveDate>,
    /// The first one on which it no longer holds; none while it does.
    pub end_date: Option<NaiveDate>,
}

impl Days {
    /// Demands that something of a kind, named in `field`, holds on a day.
    ///
    /// # Errors
    /// `GUARD_FAILED` (`<kind>_not_current`), with the day that stands against it.
    pub fn demand(self, kind: &str, field: &str, day: NaiveDate) -> Result<(), Refusal> {
        let why = match (self.start_date, self.end_date) {
            (Some(start), _) if day < start => format!("begins on {start}"),
            (_, Some(end)) if end <= day => format!("ended on {end}"),
            _ => return Ok(()),
        };
        let why = format!("{field}: it {why} and is not in effect on {day}");
        Err(Refusal::guard(&format!("{kind}_not_current"), kind, why))
    }

    /// Demands that something of a kind, named in `field`, holds on every day of
    /// what names it.
    ///
    /// # Errors
    /// As [`Days::demand`].
    pub fn demand_around(self, kind: &str, field: &str, inner: Self) -> Result<(), Refusal> {
        if let Some(start) = inner.start_date {
            self.demand(kind, field, start)?;
        }
        self.demand_until(kind, field, inner.end_date)
    }

    /// Demands that something that holds until `end`, or on and on, ends no later
    /// than what it names in `field`.
    ///
    /// # Errors
    /// As [`Days::demand`].
    pub fn demand_until(
        self,
        kind: &str,
        field: &str,
        end: Option<NaiveDate>,
    ) -> Result<(), Refusal> {
        match self.end_date {
            Some(last) if end.is_none_or(|end| end > last) => {
                let why = format!(
                    "{field}: it ends on {last}, and a record that references it must end by then"
                );
                Err(Refusal::guard(&format!("{kind}_not_current"), kind, why))
            }
            _ => Ok(()),
        }
    }
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Code of the area in which it lies.
    pub area_code: String,
    /// Number of its kind, for areas and units; 0 for others.
    pub kind: i16,
    /// Its state by name, if it has states: as it was when it was looked for.
    pub state: Option<&'static str>,
    /// The days on which it holds, if it has some.
    pub days: Days,
}

impl Found {
    /// A record without kinds and states.
    pub fn plain(area_code: String) -> Self {
        Self {
            area_code,
            kind: 0,
            state: None,
            days: Days::default(),
        }
    }

    /// A record as the database will have it.
    pub fn of<R: Record>(record: &R) -> Self {
        let told = record.told();
        let days = Days {
            start_date: told.start_date,
            end_date: told.end_date,
        };
        Self {
            days: if told.is_dated { days } else { Days::default() },
            ..Self::plain(record.head().area_code.clone())
        }
    }
}
