//! What a kind of record is: its fields, its rules, the records that it names.
//! Pure: no database, no wire, no clock.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wangge_kernel::refusal::Refusal;

use crate::{Checks, Course, End, Reference, Stateful, States, etag};

/// What every record has. The names are those of its table's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Id.
    pub id: Uuid,
    /// Code of the area in which it lies.
    pub area_code: String,
    /// When it came to be in the world.
    pub created_time: DateTime<Utc>,
    /// When it last changed in the world.
    pub changed_time: DateTime<Utc>,
    /// Loaded with a past.
    pub imported: bool,
    /// Digest of the row that loaded it, by which the row is known again.
    pub import_digest: Option<String>,
    /// Revision, from 1.
    pub revision: i64,
}

impl Head {
    /// Of a record that comes to be now. Its area is known once it is read or
    /// placed.
    pub fn new(id: Uuid, now: DateTime<Utc>) -> Self {
        Self {
            id,
            area_code: String::new(),
            created_time: now,
            changed_time: now,
            imported: false,
            import_digest: None,
            revision: 1,
        }
    }
}

/// A kind of record. It is stored field by field: a field is the column of the
/// same name, [`Head`]'s among them.
pub trait Record:
    Clone + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    /// What it is, in the words of the contract: the field that holds it in
    /// requests, and what events call it. Example: `need_tag`.
    const KIND: &'static str;

    /// Whether it names its area itself; if not, it lies where the record lies
    /// that [`Record::placed_by`] names.
    const HAS_OWN_AREA: bool = true;

    /// What it has in common with every record.
    fn head(&self) -> &Head;

    /// The same, to be changed.
    fn head_mut(&mut self) -> &mut Head;

    /// Its version tag as it stands.
    fn tag(&self) -> String {
        etag::etag(Self::KIND, self.head().revision, self)
    }

    /// Looks for what is wrong with it in itself.
    fn check(&self, checks: &mut Checks);

    /// Times at which something had happened when the record was entered, by
    /// field. A call gives none that lies in the future; one that is ahead by
    /// no more than clocks differ becomes the present.
    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        Vec::new()
    }

    /// The records that it names.
    fn references(&self) -> Vec<Reference>;

    /// The record where it lies, if it has no place of its own: the first of
    /// [`Record::references`] that names this id.
    fn placed_by(&self) -> Option<Uuid> {
        None
    }

    /// The refusal when another record has what only one can have, its id
    /// aside.
    fn taken(&self) -> Refusal {
        Refusal::exists(Self::KIND, &format!("{}.id", Self::KIND))
    }

    /// What only one record of the kind can have at a time, if there is such a
    /// thing: the same that its table excludes.
    fn exclusive(&self) -> Option<String> {
        None
    }

    /// What its event tells. Ids, codes, days and amounts: nothing personal.
    fn told(&self) -> Told;
}

/// A record that holds from a day to a day.
pub trait Dated: Record {
    /// The first day.
    fn start_date(&self) -> NaiveDate;

    /// The first day on which it no longer holds.
    fn end_date(&self) -> Option<NaiveDate>;

    /// Gives it an end, or none, unchecked: see [`Dated::end`].
    fn set_end_date(&mut self, day: Option<NaiveDate>);

    /// Ends it on a day, also earlier than was known before, or corrects its end.
    ///
    /// # Errors
    /// As [`End::decide`].
    fn end(&mut self, end: &End) -> Result<(), Refusal> {
        let day = end.decide(Self::KIND, self.start_date(), self.end_date())?;
        self.set_end_date(day);
        Ok(())
    }
}

/// Makes kinds of records with `start_date` and `end_date` [`Dated`].
#[macro_export]
macro_rules! dated {
    ($($record:ty),+ $(,)?) => { $(
        impl $crate::Dated for $record {
            fn start_date(&self) -> ::chrono::NaiveDate { self.start_date }
            fn end_date(&self) -> ::std::option::Option<::chrono::NaiveDate> { self.end_date }
            fn set_end_date(&mut self, day: ::std::option::Option<::chrono::NaiveDate>) {
                self.end_date = day;
            }
        }
    )+ };
}

/// What an event tells of a record besides what every event tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The record to which it belongs.
    pub parent_id: Option<Uuid>,
    /// Whom or what it is about: a person, a resident, a unit.
    pub subject_id: Option<Uuid>,
    /// Its kind, role or post by name.
    pub code: &'static str,
    /// An amount: fen, items.
    pub amount: i64,
    /// First day on which it holds.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// Whether it holds from a day to a day, so that no `end_date` says that it
    /// goes on. No part of the event.
    pub is_dated: bool,
    /// Until when something must be done about it, where there is a limit.
    pub due_time: Option<DateTime<Utc>>,
    /// Its public name: that of a place, a group or an item of a catalogue;
    /// never of a person or of what somebody said.
    pub title: String,
    /// The states that it has been in, and since when; none if it has no states.
    pub states: Vec<(String, DateTime<Utc>)>,
}

impl Told {
    /// With the course of a record that has states.
    pub fn course(record: &impl Stateful) -> Self {
        let course = record.course();
        let first = (first_state(course).to_owned(), record.head().created_time);
        let steps = course.steps().iter();
        let later = steps.map(|step| (step.state.clone(), step.step_time));
        Self {
            states: std::iter::once(first).chain(later).collect(),
            ..Self::default()
        }
    }

    /// With the days of a dated record.
    pub fn dated(record: &impl Dated) -> Self {
        Self {
            start_date: Some(record.start_date()),
            end_date: record.end_date(),
            is_dated: true,
            ..Self::default()
        }
    }
}

fn first_state<S: States>(_: &Course<S>) -> &'static str {
    S::FIRST.name()
}
