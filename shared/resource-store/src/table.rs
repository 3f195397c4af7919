//! The table of a kind of record. A row is the record as JSON, taken apart and
//! put together by PostgreSQL, so that one set of statements fits every table
//! whose columns bear the names of the fields. Columns keep their types, and
//! constraints and indexes are the table's own. Statements name the columns that
//! they write, so that a column of a newer release keeps its default; what is
//! read of such a column is ignored.

use std::future::Future;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::refusal::Refusal;
use wangge_pg::{StoreError, Tx, transaction::Failure};

use wangge_resource::{Found, Record};

use crate::Listing;

/// The action by which a record is entered, as [`Kept::guard`] names it.
pub const CREATE: &str = "create";

/// Which records a list has.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this parent.
    pub parent: Option<Uuid>,
    /// Only those that hold on this day.
    pub on: Option<NaiveDate>,
    /// Only those in the state with this number.
    pub state: Option<i16>,
    /// Only those that come behind these values of what they are in order by.
    pub behind: Option<Vec<String>>,
    /// At most this many.
    pub limit: i64,
}

/// A record with its place in the order of entry.
#[derive(Debug, Clone)]
pub struct Listed<R> {
    /// The place.
    pub entry: i64,
    /// The record.
    pub record: R,
}

/// What is known of a row by its id, whoever asks.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The id.
    pub id: Uuid,
    /// Digest of the row that loaded it.
    pub digest: Option<String>,
    /// Its revision.
    pub revision: i64,
}

/// A kind of record with a table. [`table!`](crate::table!) writes it. Functions
/// with a scope answer nothing that lies outside it.
pub trait Kept: Record {
    /// Names of the columns that an insert writes, the place in the order of
    /// entry aside, in lists parted by commas. They are the record's fields.
    const COLUMNS: &'static [&'static str];

    /// How they are listed.
    const LISTING: Listing;

    /// The record with an id.
    fn load(
        pool: &PgPool,
        scope: &RecordScope,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// The record with an id, locked against every other writer.
    fn lock(
        tx: &mut Tx,
        scope: &RecordScope,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// Which of these records are there, where they lie, and on which days they
    /// hold. They can't change while the transaction lasts.
    fn find(
        tx: &mut Tx,
        scope: &RecordScope,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<(Uuid, Found)>, StoreError>> + Send;

    /// Which of these ids are in use, by whatever record.
    fn trace(
        tx: &mut Tx,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Trace>, StoreError>> + Send;

    /// Keeps new records, except for those that have what another one has that
    /// only one can have. Answers the ids of those that were kept. A violated
    /// constraint would undo the rest.
    fn insert_free(
        tx: &mut Tx,
        records: &[Self],
    ) -> impl Future<Output = Result<Vec<Uuid>, StoreError>> + Send;

    /// Those of some records that a guard of their table keeps from an action,
    /// and why: what hangs on other records, such as how many places are left.
    /// The records are about to be entered ([`CREATE`]), or are locked and have
    /// taken the action.
    fn guard(
        _tx: &mut Tx,
        _records: &[Self],
        _action: &'static str,
        _now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<(Uuid, Refusal)>, StoreError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Has what hangs on a record take its step with it, in the same transaction:
    /// the record is locked, and has been kept as the action left it.
    fn follow(
        _tx: &mut Tx,
        _record: &Self,
        _action: &'static str,
        _now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }

    /// Keeps what a locked record has become.
    fn update(&self, tx: &mut Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A row as it is sent.
///
/// # Errors
/// When the record can't be written as JSON: a fault of ours.
pub fn to_row<R: serde::Serialize + ?Sized>(record: &R) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| sqlx::Error::Encode(error.into()).into())
}

/// A row as it was received.
///
/// # Errors
/// When a column can't be read as its field: a fault of ours.
pub fn from_row<R: Record>(row: &str) -> Result<R, StoreError> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()).into())
}

/// Writes the statements of a kind of record: its table; the column of the
/// record to which it belongs, if there is one, or `shared` if who may read it
/// in the areas around their own does ([`RecordScope::areas_around`]); `dated` if it holds from a day
/// to a day, `while` what it is of does on day $4; its states, if it has some; the columns that stay as they were
/// entered and those that can change, if there are any, the columns of [`Head`](wangge_resource::Head)
/// and [`Course`](wangge_resource::Course) aside; and the functions that are its [`Kept::guard`] and its
/// [`Kept::follow`], if it has them.
///
/// ```ignore
/// table! { Building in "building" of "estate_id" dated keeps "estate_id, start_date" changes "name, end_date" }
/// table! { Wish in "wish" states(WishState) keeps "resident_id" changes "title, claim_until" }
/// table! { Booking in "booking" of "session_id" states(BookingState) keeps "session_id" guarded by booking::free }
/// table! { Event in "event" states(EventState) keeps "kind" guarded by event::guard, followed by event::follow }
/// ```
#[macro_export]
macro_rules! table {
    ($record:ident in $table:literal of $parent:literal $($rest:tt)*) => {
        $crate::table!(@days $record, $table,
            ["area_code >= $2 and area_code < $3 and $4::text[] is not null"],
            [parent: Some($parent), lies_with_parent: !<$record as ::wangge_resource::Record>::HAS_OWN_AREA,],
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
            ["state, steps", $keeps], "changed_time, revision, state, steps", $($rest)*);
    };
    (@states $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, keeps $keeps:literal $($rest:tt)*) => {
        $crate::table!(@changes $record, $table, $where, $list, $on,
            "0::smallint", "", (|_: i16| None),
            [$keeps], "changed_time, revision", $($rest)*);
    };
    (@changes $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt,
        [$($columns:literal),+], $always:literal, changes $changes:literal $($rest:tt)*) => {
        $crate::table!(@guard $record, $table, $where, $list, $on, $state, $lock, $named,
            [$($columns,)+ $changes], [$always + ", " + $changes], $($rest)*);
    };
    (@changes $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt,
        $columns:tt, $always:literal, $($rest:tt)*) => {
        $crate::table!(@guard $record, $table, $where, $list, $on, $state, $lock, $named, $columns, [$always], $($rest)*);
    };
    (@guard $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $columns:tt,
        $changes:tt, guarded by $guard:path $(, followed by $follow:path)?) => {
        $crate::table!(@ $record, $table, $where, $list, $on, $state, $lock, $named, $columns, $changes,
            async fn guard(
                tx: &mut ::wangge_pg::Tx,
                records: &[Self],
                action: &'static str,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<
                ::std::vec::Vec<(::uuid::Uuid, ::wangge_kernel::refusal::Refusal)>,
                ::wangge_pg::StoreError,
            > {
                $guard(tx, records, action, now).await
            }

            $(async fn follow(
                tx: &mut ::wangge_pg::Tx,
                record: &Self,
                action: &'static str,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<(), ::wangge_pg::transaction::Failure> {
                $follow(tx, record, action, now).await
            })?
        );
    };
    (@guard $record:ident, $table:literal, $where:tt, $list:tt, $on:tt, $state:literal, $lock:literal, $named:tt, $columns:tt,
        $changes:tt,) => {
        $crate::table!(@ $record, $table, $where, $list, $on, $state, $lock, $named, $columns, $changes,);
    };
    (@ $record:ident, $table:literal, [$($where:tt)+], [$($list:tt)*],
        {[$from:literal] [$until:literal] [$share:literal]}, $state:literal, $lock:literal, $named:tt,
        [$($columns:literal),+], [$($changes:tt)+], $($guard:tt)*) => {
        impl $crate::Kept for $record {
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
            ) -> ::std::result::Result<::std::vec::Vec<(::uuid::Uuid, ::wangge_resource::Found)>, ::wangge_pg::StoreError> {
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
                        let days = ::wangge_resource::Days { start_date: row.start_date, end_date: row.end_date };
                        (row.id, ::wangge_resource::Found { state, days, ..::wangge_resource::Found::plain(row.area_code) })
                    })
                    .collect())
            }

            async fn trace(
                tx: &mut ::wangge_pg::Tx,
                ids: &[::uuid::Uuid],
            ) -> ::std::result::Result<::std::vec::Vec<$crate::table::Trace>, ::wangge_pg::StoreError> {
                Ok(::sqlx::query_as!(
                    $crate::table::Trace,
                    "select id, import_digest as digest, revision from " + $table + " where id = any($1)",
                    ids,
                )
                .fetch_all(tx)
                .await?)
            }

            async fn insert_free(
                tx: &mut ::wangge_pg::Tx,
                records: &[Self],
            ) -> ::std::result::Result<::std::vec::Vec<::uuid::Uuid>, ::wangge_pg::StoreError> {
                Ok(::sqlx::query_scalar!(
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
                    ::wangge_resource::Record::head(self).id,
                    $crate::table::to_row(self)?,
                )
                .execute(tx)
                .await?;
                Ok(())
            }
        }
    };
}
