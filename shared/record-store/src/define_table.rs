//! The macro that generates the statements of a kind of record. What they must do is
//! stated by [`RecordTable`](crate::RecordTable); here is only their SQL.

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
/// - `told by`, optional: the function that is its
///   [`RecordTable::events`](crate::RecordTable::events).
/// - `listed by`, optional: its [`Listing`](crate::Listing), for a kind with another
///   list order than that of entry.
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
        $changes:tt, $(guarded by $($guard:ident)::+ $(, followed by $($follow:ident)::+)?)?
        $(told by $($events:ident)::+)? $(listed by $($listing:ident)::+)?) => {
        $crate::table!(@ $record, $table, $where, $list, $on, $state, $lock, $named, $action, $columns, $changes, [$($($listing)::+)?],
            $(async fn guard(
                tx: &mut ::wangge_pg::Tx,
                records: &[Self],
                change: ::wangge_record::Change<Self::Action>,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<
                ::std::vec::Vec<(::uuid::Uuid, ::wangge_kernel::refusal::Refusal)>,
                ::wangge_pg::StoreError,
            > {
                $($guard)::+(tx, records, change, now).await
            }

            $(async fn follow(
                tx: &mut ::wangge_pg::Tx,
                record: &Self,
                change: ::wangge_record::Change<Self::Action>,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::result::Result<(), ::wangge_pg::transaction::Failure> {
                $($follow)::+(tx, record, change, now).await
            })?)?

            $(fn events(
                &self,
                change: ::wangge_record::Change<Self::Action>,
                now: ::chrono::DateTime<::chrono::Utc>,
            ) -> ::std::vec::Vec<::wangge_outbox::NewEvent> {
                $($events)::+(self, change, now)
            })?
        );
    };
    (@ $record:ident, $table:literal, [$($where:tt)+], [$($list:tt)*],
        {[$from:literal] [$until:literal] [$share:literal]}, $state:literal, $lock:literal, $named:tt, [$($action:tt)+],
        [$($columns:literal),+], [$($changes:tt)+], [$($listing:expr)?], $($guard:tt)*) => {
        impl $crate::RecordTable for $record {
            type Action = $($action)+;

            const COLUMNS: &'static [&'static str] = &[
                "id, area_code, created_time, changed_time, imported, import_digest, revision",
                $($columns),+
            ];

            const LISTING: $crate::Listing = {
                let _listing = $crate::Listing { $($list)* ..$crate::Listing::of($table) };
                $(let _listing = $listing;)?
                _listing
            };

            async fn load(
                tx: &mut ::wangge_pg::Tx,
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
                .fetch_optional(tx)
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
                    "select id as \"id!\", area_code, " + $state + " as \"state!\", " + $from + " as \"start_date?\", " + $until + " as \"end_date?\" from " + $table + " \
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
                    "select id as \"id!\", import_digest as digest, revision from " + $table + " where id = any($1)",
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
                     on conflict do nothing returning id as \"id!\"",
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
