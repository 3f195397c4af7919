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
use sqlx::PgPool;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_pg::{StoreError, Tx, transaction::Failure};

use wangge_record::{Change, Record, ResolvedReference};

use crate::Listing;

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

/// A record of a list, with its position in the order of entry.
#[derive(Debug, Clone)]
pub struct Listed<R> {
    /// The position, from a sequence that all tables of a database share.
    pub entry: i64,
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
        pool: &PgPool,
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
pub fn from_row<R: Record>(row: &str) -> Result<R, StoreError> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()).into())
}

/// Generates the statements of a kind of record, as its implementation of
/// [`RecordTable`](crate::RecordTable). The clauses, in this order:
///
/// - `in`: the table.
/// - `of`, optional: SQL expression for the id of the parent. A kind without an area of
///   its own is always in the area of this parent. Or `shared`: callers can also read
///   records of the areas around their own, see
///   [`RecordScope::areas_around`](wangge_auth::RecordScope::areas_around).
/// - `dated`, optional: the record has the columns `start_date` and `end_date`. With
///   `while`, a further SQL condition for it to be in effect on day `$4`, where the
///   row's alias is `kept`; see [`Listing::holds_while`](crate::Listing::holds_while).
/// - `states`, optional: the enum of its states, made by `states!`.
/// - `keeps`: the columns that never change, comma-separated.
/// - `changes`, optional: the columns that an update writes.
/// - `guarded by`, optional: the function that is its
///   [`RecordTable::guard`](crate::RecordTable::guard); and `, followed by` the one that is its
///   [`RecordTable::follow`](crate::RecordTable::follow).
///
/// The columns of [`Metadata`](wangge_record::Metadata) and
/// [`Lifecycle`](wangge_record::Lifecycle) are not listed: all of them are inserted, and
/// those that can change are updated. Any other column in neither list is never
/// written.
///
/// ```ignore
/// table! { NeedTag in "need_tag" of "resident_id" dated
/// while "coalesce((select end_date > $4 from resident where id = kept.resident_id), true)"
/// keeps "resident_id, kind, team, start_date"
/// changes "note, end_date" }
/// table! { LivelihoodItem in "livelihood_item" shared dated
/// keeps "limit_days, start_date"
/// changes "name, materials, end_date" }
/// table! { ServiceEvent in "service_event" states(ServiceEventState)
/// keeps "kind, team_id, station_id"
/// changes "title, start_time, end_time"
/// guarded by service_event::guard, followed by service_event::follow }
/// ```
///
/// The macro parses one clause after another: `@days`, `@states`, `@changes` and
/// `@guard` each append to the bracketed fragments of SQL that the last arm, `@`, puts
/// together. sqlx's macros accept literals joined by `+`, so every statement is checked
/// at build time.
#[macro_export]
macro_rules! table {
    // Only a shared table uses `$4`. The condition on it is always true, and gives the
    // parameter a type, so that all kinds bind the same arguments.
    ($record:ident in $table:literal of $parent:literal $($rest:tt)*) => {
        $crate::table!(@days $record, $table,
            ["area_code >= $2 and area_code < $3 and $4::text[] is not null"],
            [parent: Some($parent), lies_with_parent: !<$record as ::wangge_record::Record>::HAS_OWN_AREA,],
            $($rest)*);
    };
    ($record:ident in $table:literal shared $($rest:tt)*) => {
        $crate::table!(@days $record, $table,
            ["(area_code >= $2 and area_code < $3 or area_code = any($4))"],
            [is_shared: true,], $($rest)*);
    };
    ($record:ident in $table:literal $($rest:tt)*) => {
        $crate::table!(@days $record, $table,
            ["area_code >= $2 and area_code < $3 and $4::text[] is not null"],
            [], $($rest)*);
    };
    (@days $record:ident, $table:literal, $where:tt, [$($list:tt)*], dated while $while:literal $($rest:tt)*) => {
        $crate::table!(@states $record, $table, $where,
            [$($list)* is_dated: true, holds_while: Some($while),],
            {["start_date"] ["end_date"] [" for share"]}, $($rest)*);
    };
    (@days $record:ident, $table:literal, $where:tt, [$($list:tt)*], dated $($rest:tt)*) => {
        $crate::table!(@states $record, $table, $where, [$($list)* is_dated: true,],
            {["start_date"] ["end_date"] [" for share"]}, $($rest)*);
    };
    // Without days, `find` needs no lock for them: an area never changes.
    (@days $record:ident, $table:literal, $where:tt, $list:tt, $($rest:tt)*) => {
        $crate::table!(@states $record, $table, $where, $list,
            {["null::date"] ["null::date"] [""]}, $($rest)*);
    };
    (@states $record:ident, $table:literal, $where:tt, [$($list:tt)*], $on:tt, states($state:ident) keeps $keeps:literal $($rest:tt)*) => {
        $crate::table!(@changes $record, $table, $where,
            [$($list)* sort: Some($crate::listing::Sort {
                column: "state",
                values: || $state::ALL.iter().map(|state| state.code()).collect(),
            }),],
            $on, "state", "for share",
            (|code| $state::from_code(code).map($state::name)),
            [<$state as ::wangge_record::States>::Action],
            ["state, steps", $keeps], "changed_time, revision, state, steps", $($rest)*);
    };
    (@states $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, keeps $keeps:literal $($rest:tt)*) => {
        $crate::table!(@changes $record, $table, $where, $list, $on,
            "0::smallint", "", (|_: i16| None), [::wangge_record::NoAction],
            [$keeps], "changed_time, revision", $($rest)*);
    };
    (@changes $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $action:tt,
        [$($columns:literal),+], $always:literal, changes $changes:literal $($rest:tt)*) => {
        $crate::table!(@guard $record, $table, $where, $list, $on, $state, $lock, $named, $action,
            [$($columns,)+ $changes], [$always + ", " + $changes], $($rest)*);
    };
    (@changes $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $action:tt,
        $columns:tt, $always:literal, $($rest:tt)*) => {
        $crate::table!(@guard $record, $table, $where, $list, $on, $state, $lock, $named, $action, $columns, [$always], $($rest)*);
    };
    (@guard $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $action:tt, $columns:tt,
        $changes:tt, guarded by $guard:path $(, followed by $follow:path)?) => {
        $crate::table!(@ $record, $table, $where, $list, $on, $state, $lock, $named, $action, $columns, $changes,
            async fn guard(
                tx: &mut ::wangge_pg::Tx,
                records: &[Self],
                change: ::wangge_record::Change<Self::Action>,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<
                ::std::vec::Vec<(::uuid::Uuid, ::wangge_kernel::refusal::Refusal)>,
                ::wangge_pg::StoreError,
            > {
                $guard(tx, records, change, now).await
            }

            $(async fn follow(
                tx: &mut ::wangge_pg::Tx,
                record: &Self,
                change: ::wangge_record::Change<Self::Action>,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<(), ::wangge_pg::transaction::Failure> {
                $follow(tx, record, change, now).await
            })?
        );
    };
    (@guard $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $action:tt, $columns:tt,
        $changes:tt,) => {
        $crate::table!(@ $record, $table, $where, $list, $on, $state, $lock, $named, $action, $columns, $changes,);
    };
    (@ $record:ident, $table:literal, [$($where:tt)+], [$($list:tt)*],
        {[$from:literal] [$until:literal] [$share:literal]}, $state:literal, $lock:literal, $named:tt, [$($action:tt)+],
        [$($columns:literal),+], [$($changes:tt)+], $($guard:tt)*) => {
        impl $crate::RecordTable for $record {
            type Action = $($action)+;

            const COLUMNS: &'static [&'static str] = &[
                "id, area_code, created_time, changed_time, imported, import_digest, revision",
                $($columns),+
            ];

            const LISTING: $crate::Listing = $crate::Listing { $($list)* ..$crate::Listing::of($table) };

            async fn load(
                pool: &::sqlx::PgPool,
                scope: &::wangge_auth::RecordScope,
                id: ::uuid::Uuid,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::wangge_pg::StoreError> {
                let row = ::sqlx::query_scalar!(
                    "select row_to_json(kept)::text as \"row!\" from " + $table + " kept \
                     where id = $1 and " + $($where)+,
                    id,
                    scope.area_from(),
                    scope.area_until(),
                    &scope.areas_around(),
                )
                .fetch_optional(pool)
                .await?;
                row.map(|row| $crate::table::from_row(&row)).transpose()
            }

            async fn lock(
                tx: &mut ::wangge_pg::Tx,
                scope: &::wangge_auth::RecordScope,
                id: ::uuid::Uuid,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::wangge_pg::StoreError> {
                let row = ::sqlx::query_scalar!(
                    "select row_to_json(kept)::text as \"row!\" from " + $table + " kept \
                     where id = $1 and area_code >= $2 and area_code < $3 for no key update",
                    id,
                    scope.area_from(),
                    scope.area_until(),
                )
                .fetch_optional(tx)
                .await?;
                row.map(|row| $crate::table::from_row(&row)).transpose()
            }

            async fn find(
                tx: &mut ::wangge_pg::Tx,
                scope: &::wangge_auth::RecordScope,
                ids: &[::uuid::Uuid],
            ) -> ::std::result::Result<::std::vec::Vec<(::uuid::Uuid, ::wangge_record::ResolvedReference)>, ::wangge_pg::StoreError> {
                let found = ::sqlx::query!(
                    "select id, area_code, " + $state + " as \"state!\", " + $from + " as \"start_date?\", " + $until + " as \"end_date?\" from " + $table + " \
                     where id = any($1) and area_code >= $2 and area_code < $3 " + $lock + $share,
                    ids,
                    scope.area_from(),
                    scope.area_until(),
                )
                .fetch_all(tx)
                .await?;
                let named: fn(i16) -> ::std::option::Option<&'static str> = $named;
                Ok(found
                    .into_iter()
                    .map(|row| {
                        let state = named(row.state);
                        let days = ::wangge_record::Days { start_date: row.start_date, end_date: row.end_date };
                        (row.id, ::wangge_record::ResolvedReference { state, days, ..::wangge_record::ResolvedReference::plain(row.area_code) })
                    })
                    .collect())
            }

            async fn fingerprints(
                tx: &mut ::wangge_pg::Tx,
                ids: &[::uuid::Uuid],
            ) -> ::std::result::Result<::std::vec::Vec<$crate::table::ImportFingerprint>, ::wangge_pg::StoreError> {
                Ok(::sqlx::query_as!(
                    $crate::table::ImportFingerprint,
                    "select id, import_digest as digest, revision from " + $table + " where id = any($1)",
                    ids,
                )
                .fetch_all(tx)
                .await?)
            }

            async fn insert_if_absent(
                tx: &mut ::wangge_pg::Tx,
                records: &[Self],
            ) -> ::std::result::Result<::std::vec::Vec<::uuid::Uuid>, ::wangge_pg::StoreError> {
                Ok(::sqlx::query_scalar!(
                    // `entry` is not a field of the record: the order of entry is that
                    // of the database.
                    "insert into " + $table + " (entry, \
                         id, area_code, created_time, changed_time, imported, import_digest, revision" $(+ ", " + $columns)+ + ") \
                     select nextval('record_entry'), \
                         id, area_code, created_time, changed_time, imported, import_digest, revision" $(+ ", " + $columns)+ + " \
                     from jsonb_populate_recordset(null::" + $table + ", $1::text::jsonb) \
                     on conflict do nothing returning id",
                    $crate::table::to_row(records)?,
                )
                .fetch_all(tx)
                .await?)
            }

            $($guard)*

            async fn update(
                &self,
                tx: &mut ::wangge_pg::Tx,
            ) -> ::std::result::Result<(), ::wangge_pg::StoreError> {
                ::sqlx::query!(
                    "update " + $table + " set (" + $($changes)+ + ") = \
                     (select " + $($changes)+ + " \
                      from jsonb_populate_record(null::" + $table + ", $2::text::jsonb)) where id = $1",
                    ::wangge_record::Record::metadata(self).id,
                    $crate::table::to_row(self)?,
                )
                .execute(tx)
                .await?;
                Ok(())
            }
        }
    };
}
