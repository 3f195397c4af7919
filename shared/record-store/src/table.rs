//! The table of a kind of record, and the statements on it. A row is sent and received
//! as JSON, which PostgreSQL converts to columns and back, so one set of statements
//! serves every table whose columns have the names of the record's fields. Columns have
//! their own types, and each table has its own constraints and indexes.
//!
//! Statements name the columns that they write, and ignore unknown columns that they
//! read: a column that a newer release has added has its default while this release is
//! still running. No statement deletes a record.

use std::future::Future;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_outbox::NewEvent;
use wangge_pg::{StoreError, Tx, transaction::Failure};

use wangge_record::{Change, Record, ResolvedReference};

use crate::{Listing, event::record_changed};

/// Filters and bounds of one page of a list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only records of this parent; `None` for all.
    pub parent: Option<Uuid>,
    /// Only records in effect on this day; `None` for all.
    pub on: Option<NaiveDate>,
    /// Only records in the state with this number; `None` for all.
    pub state: Option<i16>,
    /// Only records after this key, the values of the columns of the list order; `None`
    /// for the first page.
    pub behind: Option<Vec<String>>,
    /// Maximum number of records.
    pub limit: i64,
}

/// A record of a list, with its position in the list order.
#[derive(Debug, Clone)]
pub struct Listed<R> {
    /// The values of the columns of the list order, as in [`Filter::behind`].
    pub key: Vec<String>,
    /// The record at that position.
    pub record: R,
}

/// Identity of a stored record, to recognise repeated rows of an import. It is read
/// regardless of the scope, since ids are unique in the whole table.
#[derive(Debug, Clone)]
pub struct ImportFingerprint {
    /// Id of the stored record.
    pub id: Uuid,
    /// Fingerprint of the row that imported it; `None` for a record created by a call.
    pub digest: Option<String>,
    /// The record's current revision.
    pub revision: i64,
}

/// A kind of record with a table. Implemented by [`table!`](crate::table!). Functions
/// with a scope never return anything outside of it.
pub trait RecordTable: Record {
    /// The enum of the kind's actions; [`NoAction`](wangge_record::NoAction) for a kind
    /// without a lifecycle.
    type Action: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static;

    /// The columns that an insert writes, as comma-separated lists: all fields of the
    /// record, but not `entry`. Tests compare them with the fields.
    const COLUMNS: &'static [&'static str];

    /// Order and filters of lists.
    const LISTING: Listing;

    /// Returns the record with an id, or `None` if there is none in the scope.
    ///
    /// # Errors
    /// Returns the database's error.
    fn load(
        tx: &mut Tx,
        scope: &RecordScope,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// Returns the record with an id, and locks it against all other writers until the
    /// end of the transaction.
    ///
    /// # Errors
    /// Returns the database's error.
    fn lock(
        tx: &mut Tx,
        scope: &RecordScope,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// Returns those of some records that exist in the scope, as targets of references.
    /// Rows of kinds with states or days are locked in share mode, so that neither
    /// changes before the referring record is committed; nothing else that is returned
    /// ever changes.
    ///
    /// # Errors
    /// Returns the database's error.
    fn find(
        tx: &mut Tx,
        scope: &RecordScope,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<(Uuid, ResolvedReference)>, StoreError>> + Send;

    /// Returns which of these ids are taken, regardless of the scope.
    ///
    /// # Errors
    /// Returns the database's error.
    fn fingerprints(
        tx: &mut Tx,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<ImportFingerprint>, StoreError>> + Send;

    /// Inserts new records, except those that conflict with another record's unique or
    /// exclusive value, and returns the ids of the inserted ones. Conflicts are skipped
    /// and not raised, since an error would abort the whole transaction.
    ///
    /// # Errors
    /// Returns the database's error, including violations of other constraints.
    fn insert_if_absent(
        tx: &mut Tx,
        records: &[Self],
    ) -> impl Future<Output = Result<Vec<Uuid>, StoreError>> + Send;

    /// Checks rules that depend on other records, such as how many places are left, and
    /// returns the records that an action must be refused for, each with its refusal.
    /// The records are about to be inserted ([`Change::Create`]), or they are locked and have
    /// taken the action, but not been written yet.
    ///
    /// A guard that counts must lock what it counts, since concurrent transactions
    /// can't see each other's records.
    ///
    /// # Errors
    /// Returns the database's error.
    fn guard(
        _tx: &mut Tx,
        _records: &[Self],
        _change: Change<Self::Action>,
        _now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<(Uuid, Refusal)>, StoreError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Applies the consequences of an action to other records, in the same transaction:
    /// such as withdrawing the claims on a cancelled project. The record is locked and
    /// has been updated.
    ///
    /// # Errors
    /// Returns the database's error, or a refusal of the other records.
    fn follow(
        _tx: &mut Tx,
        _record: &Self,
        _change: Change<Self::Action>,
        _now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }

    /// Creates the events that report a change of the record, oldest first. `now` is the
    /// time of the transaction.
    fn events(&self, _change: Change<Self::Action>, now: DateTime<Utc>) -> Vec<NewEvent> {
        vec![record_changed(self, now)]
    }

    /// Updates the row of a locked record, as far as its columns can change.
    ///
    /// # Errors
    /// Returns the database's error.
    fn update(&self, tx: &mut Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Serializes a record, or a slice of records, for a statement.
///
/// # Errors
/// Returns an error if it can't be serialized, which is a bug.
pub fn to_row<R: serde::Serialize + ?Sized>(record: &R) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| sqlx::Error::Encode(error.into()).into())
}

/// Deserializes a row that a statement returned.
///
/// # Errors
/// Returns an error if a column can't be read as its field, which is a bug.
pub fn from_row<R: DeserializeOwned>(row: &str) -> Result<R, StoreError> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()).into())
}
