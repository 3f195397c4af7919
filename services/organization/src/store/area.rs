//! SQL statements of areas. Those on their tree as a whole are in
//! [`area_tree`](super::area_tree).

use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Database, StoreError, Tx};
use wangge_record::{Days, ResolvedReference};
use wangge_record_store::table::from_row;

use crate::domain::area::{Area, AreaKind};

/// Limit of the bytes of boundaries on a page, exceeded by at most one boundary, so that
/// a page always fits a gRPC message.
pub const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Returns the area with a code, if it is in scope or around it.
///
/// # Errors
/// Any database error.
pub async fn load_area(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    code: &str,
) -> Result<Option<Area>, StoreError> {
    let row = sqlx::query_scalar!(
        r#"select row_to_json(area)::text as "row!" from area
           where code = $1 and (code >= $2 and code < $3 or code = any($4))"#,
        code,
        scope.area_from(),
        scope.area_until(),
        &scope.areas_around(),
    )
    .fetch_optional(executor)
    .await?;
    row.map(|row| from_row(&row)).transpose()
}

/// Returns the area with a code, locked until the transaction ends.
///
/// # Errors
/// Any database error.
pub async fn lock_area(
    tx: &mut Tx,
    scope: &RecordScope,
    code: &str,
) -> Result<Option<Area>, StoreError> {
    // `for no key update` suffices, since codes and ids never change: it doesn't block
    // inserts whose foreign keys refer to the area, as `for update` would.
    let row = sqlx::query_scalar!(
        r#"select row_to_json(area)::text as "row!" from area
           where code = $1 and code >= $2 and code < $3 for no key update"#,
        code,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| from_row(&row)).transpose()
}

/// Returns the area with an id.
///
/// # Errors
/// Any database error.
pub async fn load_area_by_id(
    tx: &mut Tx,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Area>, StoreError> {
    let row = sqlx::query_scalar!(
        r#"select row_to_json(area)::text as "row!" from area
           where id = $1 and code >= $2 and code < $3"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| from_row(&row)).transpose()
}

/// Returns the areas from the district down to the one with a code. That area must be in
/// scope; those above it are returned wherever they are.
///
/// # Errors
/// Any database error.
pub async fn load_chain(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    code: &str,
) -> Result<Vec<Area>, StoreError> {
    // A child's code begins with its parent's, so the chain consists of the areas whose
    // codes are prefixes of the code. The parameter needs the collation of the column:
    // in others the upper bound's `:` may not sort right after the digits.
    let rows = sqlx::query_scalar!(
        r#"select row_to_json(area)::text as "row!" from area
           where code in (select left($1, length) from generate_series(1, length($1)) length)
             and $1::text collate "C" >= $2 and $1::text collate "C" < $3
             and exists (select from area lowest where lowest.code = $1)
           order by code"#,
        code,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(executor)
    .await?;
    rows.iter().map(|row| from_row(row)).collect()
}

/// Returns the areas in scope after a code, in the order of codes, restricted to one kind
/// if one is named. At most `limit`, and fewer once their boundaries exceed
/// [`PAGE_BYTES`].
///
/// # Errors
/// Any database error.
pub async fn list_areas(
    database: &Database,
    scope: &RecordScope,
    kind: Option<AreaKind>,
    after: &str,
    limit: i64,
) -> Result<Vec<Area>, StoreError> {
    let codes = list_codes(database, scope, kind, after, limit).await?;
    // Boundaries are read for the rows of this page only. They are large, so the byte
    // limit is applied in the database and not after they were transferred.
    let rows = sqlx::query_scalar!(
        r#"select row_to_json(sized)::text as "row!"
           from (
               -- Bytes up to the row before the last: the row that exceeds the limit is
               -- returned, and one after it, which shows that there are more.
               select id, code, kind, name, parent_code, boundary_geojson, start_date, end_date,
                      created_time, changed_time, revision, sum(octet_length(boundary_geojson)) over (
                   order by code rows between unbounded preceding and 2 preceding
               ) as bytes
               from (
                   select id, code, kind, name, parent_code, boundary_geojson, start_date,
                          end_date, created_time, changed_time, revision
                   from area where code = any($1) order by code limit $2
               ) first_rows
           ) sized
           where coalesce(bytes, 0) <= $3
           order by code"#,
        &codes,
        limit,
        i64::try_from(PAGE_BYTES).unwrap_or(i64::MAX),
    )
    .fetch_all(&database.calls)
    .await?;
    rows.iter().map(|row| from_row(row)).collect()
}

/// Returns the codes of the first areas of a page, and of some more.
async fn list_codes(
    database: &Database,
    scope: &RecordScope,
    kind: Option<AreaKind>,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let kinds = kind.as_ref().map_or(AreaKind::ALL, std::slice::from_ref);
    let kinds: Vec<i16> = kinds.iter().map(|kind| kind.code()).collect();
    let lane = database.list_lanes.take().await?;
    // The first codes of each kind, which one index per kind provides in order, and the
    // areas around the scope.
    lane.run(async |lane| {
        sqlx::query_scalar!(
            r#"select code as "code!" from unnest($5::smallint[]) as one (kind)
                   cross join lateral (
                       select code from area
                       where kind = one.kind and code >= $1 and code < $2 and code > $3
                       order by code limit $4
                   ) inside
                   union all
                   select code from area
                   where code = any($6) and not (code >= $1 and code < $2) and code > $3
                       and kind = any($5)"#,
            scope.area_from(),
            scope.area_until(),
            after,
            limit,
            &kinds,
            &scope.areas_around(),
        )
        .fetch_all(lane)
        .await
    })
    .await
}

/// Inserts an area with the digest of the row that it is imported from, if any. Returns
/// false if its id or code is in use.
///
/// # Errors
/// Any database error.
pub async fn insert_area(
    tx: &mut Tx,
    _scope: &RecordScope,
    area: &Area,
    digest: Option<&str>,
) -> Result<bool, StoreError> {
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into area (id, code, kind, name, parent_code, boundary_geojson, start_date, \
         end_date, created_time, changed_time, revision, import_digest) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         on conflict do nothing",
        area.id,
        area.code,
        area.kind.code(),
        area.name,
        area.parent_code,
        area.boundary_geojson,
        area.start_date,
        area.end_date,
        area.created_time,
        area.changed_time,
        area.revision,
        digest,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Returns true if the area with an id, in scope or not, was imported from the row with a
/// digest; `None` if there is no such area.
///
/// # Errors
/// Any database error.
pub async fn is_from_row(
    tx: &mut Tx,
    _scope: &RecordScope,
    id: Uuid,
    digest: &str,
) -> Result<Option<bool>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select import_digest is not distinct from $2 as "is_from_row!" from area where id = $1"#,
        id,
        digest,
    )
    .fetch_optional(tx)
    .await?)
}

/// Stores a new revision of an area that the caller has locked.
///
/// # Errors
/// Any database error.
pub async fn update_area(tx: &mut Tx, _scope: &RecordScope, area: &Area) -> Result<(), StoreError> {
    sqlx::query!(
        "update area set name = $2, boundary_geojson = $3, end_date = $4, changed_time = $5, \
         revision = $6 where id = $1",
        area.id,
        area.name,
        area.boundary_geojson,
        area.end_date,
        area.changed_time,
        area.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Returns the areas in scope among some codes, with their kinds and days.
///
/// # Errors
/// Any database error.
pub async fn find_areas(
    tx: &mut Tx,
    scope: &RecordScope,
    codes: &[String],
) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select code, kind, start_date, end_date from area where code = any($1) and code >= $2 and code < $3",
        codes,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?;
    let found = found.into_iter().map(|row| {
        let days = Days {
            start_date: Some(row.start_date),
            end_date: row.end_date,
        };
        let found = ResolvedReference {
            kind: row.kind,
            days,
            ..ResolvedReference::plain(row.code.clone())
        };
        (row.code, found)
    });
    Ok(found.collect())
}
