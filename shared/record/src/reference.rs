//! References: how a record refers to others, and the requirements on what it refers
//! to. It doesn't look anything up: resolving references is the job of the storage.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};

use crate::{Metadata, Record, States};

/// A reference from one record to another, with its requirements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The field that contains the reference.
    pub field: &'static str,
    /// The kind of record referred to, such as `person`.
    pub kind: &'static str,
    /// The id or code of the record referred to.
    pub key: Key,
    /// Numbers of the permitted kinds of area or unit; empty if any kind is permitted.
    pub of: &'static [i16],
    /// Description of the violation if the kind is none of those in `of`; empty if a
    /// record of another kind counts as missing.
    pub must_be: &'static str,
    /// Names of the states in which the record may be referred to; empty for any.
    /// Checked in calls only: an imported record refers to another one as it was then,
    /// and only the current state is known.
    pub states: Vec<&'static str>,
    /// The day on which the record referred to must be in effect, if that isn't the
    /// first day of the referring record.
    pub day: Option<NaiveDate>,
    /// True if the record referred to needn't be in effect; then a guard of the table
    /// checks the days, if anything does.
    pub any_day: bool,
}

/// The key of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The id, for all kinds but areas.
    Id(Uuid),
    /// The code of an area.
    Code(String),
}

impl Reference {
    /// Creates a reference by id, without further requirements than that the record
    /// exists and is in effect. Example: `Reference::id("unit_id", "unit", unit_id)`.
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

    /// Creates the reference to the record's own area.
    pub fn area(metadata: &Metadata) -> Self {
        Self {
            field: "area_code",
            kind: "area",
            key: Key::Code(metadata.area_code.clone()),
            of: &[],
            must_be: "",
            states: Vec::new(),
            day: None,
            any_day: false,
        }
    }

    /// Requires that the record referred to is in one of these states.
    #[must_use]
    pub fn while_in<S: States>(self, states: &[S]) -> Self {
        Self {
            states: states.iter().map(|state| state.name()).collect(),
            ..self
        }
    }

    /// Requires that the record referred to is in effect on this day; `None` leaves the
    /// default, the first day of the referring record.
    #[must_use]
    pub fn on(self, day: Option<NaiveDate>) -> Self {
        Self { day, ..self }
    }

    /// Lifts the requirement that the record referred to is in effect.
    #[must_use]
    pub fn on_any_day(self) -> Self {
        Self {
            any_day: true,
            ..self
        }
    }

    /// Requires that an area or unit is of one of these kinds. Example: `.of(&[GRID],
    /// "must be a grid")`.
    #[must_use]
    pub fn of(self, of: &'static [i16], must_be: &'static str) -> Self {
        Self {
            of,
            must_be,
            ..self
        }
    }
}

/// The period in which a record is in effect, as days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day; `None` if it is unknown or unbounded.
    pub start_date: Option<NaiveDate>,
    /// The first day on which the record is no longer in effect; `None` if it has no
    /// end.
    pub end_date: Option<NaiveDate>,
}

impl Days {
    /// Requires that a day is in the period. `kind` is the kind of the record whose
    /// period it is, `field` the field that refers to it.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`), with the bound that the day is
    /// outside of.
    pub fn require(self, kind: &str, field: &str, day: NaiveDate) -> Result<(), Refusal> {
        let why = match (self.start_date, self.end_date) {
            (Some(start), _) if day < start => format!("begins on {start}"),
            (_, Some(end)) if end <= day => format!("ended on {end}"),
            _ => return Ok(()),
        };
        let why = format!("it {why} and is not in effect on {day}");
        Err(not_current(kind, field, &why))
    }

    /// Requires that the referring record, which ends on `end` or is open-ended,
    /// doesn't outlast the period.
    ///
    /// # Errors
    /// Returns the error of [`Days::require`].
    pub fn require_until(
        self,
        kind: &str,
        field: &str,
        end: Option<NaiveDate>,
    ) -> Result<(), Refusal> {
        match self.end_date {
            Some(last) if end.is_none_or(|end| end > last) => {
                let why =
                    format!("it ends on {last}, and a record that references it must end by then");
                Err(not_current(kind, field, &why))
            }
            _ => Ok(()),
        }
    }
}

fn not_current(kind: &str, field: &str, why: &str) -> Refusal {
    Refusal::reference_guard(Guard::ReferenceNotCurrent, kind, field, why)
}

/// The resolved target of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedReference {
    /// Code of the target's area.
    pub area_code: String,
    /// Number of the target's kind, for areas and units; 0 for others.
    pub kind: i16,
    /// Name of the target's state at the time of the lookup, for kinds with states.
    pub state: Option<&'static str>,
    /// The period in which the target is in effect; unbounded for kinds without days.
    pub days: Days,
    /// Id of the target's subject, for kinds whose referring records copy it.
    pub subject_id: Option<Uuid>,
}

impl ResolvedReference {
    /// Creates a target without kind, state and days.
    pub fn plain(area_code: String) -> Self {
        Self {
            area_code,
            kind: 0,
            state: None,
            days: Days::default(),
            subject_id: None,
        }
    }

    /// Returns the target that a lookup of this record will find once it is stored. The
    /// state is left out: it is needed in calls only, and these look records up.
    pub fn of<R: Record>(record: &R) -> Self {
        let told = record.event_summary();
        let days = Days {
            start_date: told.start_date,
            end_date: told.end_date,
        };
        Self {
            kind: record.kind_code(),
            days: if told.is_dated { days } else { Days::default() },
            subject_id: told.subject_id,
            ..Self::plain(record.metadata().area_code.clone())
        }
    }
}
