//! The kinds of records: the fields that all of them have, their rules, their
//! references, and the summary of a record that its event carries. It refuses to know
//! the database, the wire format and the current time.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wangge_kernel::refusal::Refusal;

use crate::{Checks, End, Lifecycle, Reference, ResolvedReference, Stateful, States, etag};

/// The metadata that every record has. Its fields are columns of every table, under the
/// same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The record's id: chosen by the creator, or generated, as a UUID of version 7.
    pub id: Uuid,
    /// Code of the record's area, which determines who can read it.
    pub area_code: String,
    /// Time at which the record came into being; for imported records earlier than its
    /// entry.
    pub created_time: DateTime<Utc>,
    /// Time of the last change, in the same sense as `created_time`.
    pub changed_time: DateTime<Utc>,
    /// True if the record was imported with its history, and not created by a call.
    pub imported: bool,
    /// Fingerprint of the row that imported the record, so that the row is recognised
    /// when it is sent again.
    pub import_digest: Option<String>,
    /// Revision, starting at 1 and incremented by each change.
    pub revision: i64,
}

impl Metadata {
    /// Creates the metadata of a new record. `area_code` is empty until it is read from
    /// the request or taken from a referenced record.
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

/// A kind of record. It is stored field by field: each field is the column of the same
/// name, including those of [`Metadata`]. That is why it is serialized with serde.
pub trait Record:
    Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    /// Name of the kind in the contract: the field that contains the record in
    /// requests, and the kind in events. Example: `need_tag`.
    const KIND: &'static str;

    /// True if the record states its own area; otherwise it takes the area of the
    /// record that [`Record::area_from`] returns.
    const HAS_OWN_AREA: bool = true;

    /// Returns the record's metadata.
    fn metadata(&self) -> &Metadata;

    /// Returns the record's metadata for modification.
    fn metadata_mut(&mut self) -> &mut Metadata;

    /// Returns the etag of the record in its current version.
    fn tag(&self) -> String {
        etag::etag(Self::KIND, self.metadata().revision, self)
    }

    /// Returns the number that [`Reference::of`] compares; 0 for a kind of records that
    /// nothing requires to be of one sort.
    fn kind_code(&self) -> i16 {
        0
    }

    /// Validates the record by itself, without looking at other records. Violations go
    /// to `checks`.
    fn check(&self, checks: &mut Checks);

    /// Returns the fields with times of things that had happened before the record was
    /// entered. Times in the future are rejected, except that those within the
    /// tolerated clock skew are set to the current time.
    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        Vec::new()
    }

    /// Returns the references to other records. They are resolved and checked on every
    /// write that adds one.
    fn references(&self) -> Vec<Reference>;

    /// Returns the id of the record that determines the area, for kinds without an area
    /// of their own. It must be the id of one of [`Record::references`].
    fn area_from(&self) -> Option<Uuid> {
        None
    }

    /// Copies what the record takes, besides the area, from the record that
    /// [`Record::area_from`] returns.
    fn copy_from(&mut self, _target: &ResolvedReference) {}

    /// Returns the refusal for a conflict with another record over something that only
    /// one can have. A conflict over the id is reported separately.
    fn conflict_error(&self) -> Refusal {
        Refusal::exists(Self::KIND, &format!("{}.id", Self::KIND))
    }

    /// Returns true if `stored`, which wasn't imported from this record's row, states the
    /// same all the same: the row then counts as imported.
    fn is_kept_as(&self, stored: &Self) -> bool {
        let mut stored = stored.clone();
        let metadata = Metadata {
            area_code: stored.metadata().area_code.clone(),
            ..self.metadata().clone()
        };
        *stored.metadata_mut() = metadata;
        stored == *self
    }

    /// Returns the record's summary for its event. It must not contain personal data:
    /// only ids, codes, days and amounts.
    fn event_summary(&self) -> EventSummary;
}

/// Writes the accessors of [`Record`] for a record with a field `metadata`, inside its
/// `impl`.
#[macro_export]
macro_rules! metadata {
    () => {
        fn metadata(&self) -> &$crate::Metadata {
            &self.metadata
        }

        fn metadata_mut(&mut self) -> &mut $crate::Metadata {
            &mut self.metadata
        }
    };
}

/// A kind of record that is in effect from one day to another. Implemented by
/// [`dated!`](crate::dated!).
pub trait Dated: Record {
    /// Returns the first day on which the record is in effect.
    fn start_date(&self) -> NaiveDate;

    /// Returns the first day on which the record is no longer in effect; `None` if it
    /// has no end.
    fn end_date(&self) -> Option<NaiveDate>;

    /// Sets or removes the end without validation; use [`Dated::end`].
    fn set_end_date(&mut self, day: Option<NaiveDate>);

    /// Ends the record, brings its end forward, or corrects it.
    ///
    /// # Errors
    /// Returns the errors of [`End::decide`].
    fn end(&mut self, end: &End) -> Result<(), Refusal> {
        let day = end.decide(Self::KIND, self.start_date(), self.end_date())?;
        self.set_end_date(day);
        Ok(())
    }
}

/// Implements [`Dated`](crate::Dated) for kinds of records with the fields `start_date`
/// and `end_date`. Example: `dated!(Building);`.
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

/// The summary of a record that its event carries, besides the metadata that every
/// event has. Fields that a kind has no use for stay at their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventSummary {
    /// Id of the parent that the record belongs to.
    pub parent_id: Option<Uuid>,
    /// Id of the record's subject: a person, a resident or a unit.
    pub subject_id: Option<Uuid>,
    /// Name of the record's subtype, role or post.
    pub code: &'static str,
    /// An amount, in fen, or a count.
    pub amount: i64,
    /// First day on which the record is in effect.
    pub start_date: Option<NaiveDate>,
    /// First day on which the record is no longer in effect.
    pub end_date: Option<NaiveDate>,
    /// True if the record is dated, so that no `end_date` means that it is open-ended.
    /// Not part of the event.
    pub is_dated: bool,
    /// Deadline for handling the record, if there is one.
    pub due_time: Option<DateTime<Utc>>,
    /// Public name of a place, a group or a catalogue item; never that of a person, and
    /// nothing that somebody has written.
    pub title: String,
    /// Names of the states that the record has been in, each with the time at which it
    /// was entered; empty for kinds without states.
    pub states: Vec<(String, DateTime<Utc>)>,
}

impl EventSummary {
    /// Creates the summary of a record with a lifecycle: its states, and nothing else.
    pub fn of_stateful(record: &impl Stateful) -> Self {
        let lifecycle = record.lifecycle();
        // The initial state has no step: a record is in it from the start.
        let first = (
            first_state(lifecycle).to_owned(),
            record.metadata().created_time,
        );
        let steps = lifecycle.steps().iter();
        let later = steps.map(|step| (step.state.clone(), step.step_time));
        Self {
            states: std::iter::once(first).chain(later).collect(),
            ..Self::default()
        }
    }

    /// Creates the summary of a dated record: its days, and nothing else.
    pub fn of_dated(record: &impl Dated) -> Self {
        Self {
            start_date: Some(record.start_date()),
            end_date: record.end_date(),
            is_dated: true,
            ..Self::default()
        }
    }
}

// Takes the lifecycle only to infer its type of states.
fn first_state<S: States>(_: &Lifecycle<S>) -> &'static str {
    S::FIRST.name()
}
