//! SQL statements on the tree of areas as a whole: codes that clash, and boundaries around
//! and inside an area. Clashes and boundaries around are found in the caller's scope or
//! not: they decide on the area, and their contents are not shown.

use chrono::NaiveDate;
use sqlx::PgExecutor;
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::{StoreError, Tx};

use crate::domain::area::Area;

/// Serializes changes to codes and boundaries until the transaction ends, so that each
/// is checked against the ones before it.
///
/// # Errors
/// Any database error.
pub async fn lock_tree(tx: &mut Tx) -> Result<(), StoreError> {
    // Advisory, since a clash may be with any area of the tree: no single row could be
    // locked instead.
    sqlx::query!("select pg_advisory_xact_lock(hashtext('wangge'), hashtext('area_tree'))")
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// Returns the code of an area, in scope or not, that clashes with a new area's code. Such
/// a code is either a prefix of the new one without being one of the parent's or of those
/// around the parent, or begins with the new one. Returns `None` if the new code itself is
/// in use.
///
/// # Errors
/// Any database error.
pub async fn find_clash(
    tx: &mut Tx,
    _scope: &RecordScope,
    area: &Area,
) -> Result<Option<String>, StoreError> {
    let parent = area.parent_code.as_deref().unwrap_or_default();
    let around: Vec<_> = area_code::around(&area.code)
        .into_iter()
        .filter(|code| code.len() > parent.len() && code.len() < area.code.len())
        .collect();
    // The index is in the order of codes, so the first code after the new one is enough:
    // all codes that begin with it follow it directly.
    Ok(sqlx::query_scalar!(
        r#"select code as "code!" from (
               (select code from area where code = any($1) order by code limit 1)
               union all
               (select code from area where code > $2 and code < $3 order by code limit 1)
           ) clashing
           where not exists (select from area where code = $2)
           limit 1"#,
        &around,
        area.code,
        area_code::upper_bound(&area.code),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns the areas in scope whose code begins with that of an area that doesn't contain
/// them, created before such codes were rejected. At most `limit`.
///
/// # Errors
/// Any database error.
pub async fn list_clashing(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    // An area is contained in exactly one area of each higher kind. If more codes are
    // prefixes of its own, one of them clashes.
    Ok(sqlx::query_scalar!(
        "select code from area inside
         where code >= $1 and code < $2 and kind - 1 < (
             select count(*) from area around where around.code = any(
                 select left(inside.code, length)
                 from generate_series(1, length(inside.code) - 1) length
             )
         )
         order by code limit $3",
        scope.area_from(),
        scope.area_until(),
        limit,
    )
    .fetch_all(executor)
    .await?)
}

/// Returns the nearest area around the one with a code, in scope or not, that has a
/// boundary: its code and boundary.
///
/// # Errors
/// Any database error.
pub async fn load_bounded_around(
    tx: &mut Tx,
    _scope: &RecordScope,
    code: &str,
) -> Result<Option<(String, String)>, StoreError> {
    // The last code is that of the area itself.
    let mut around = area_code::around(code);
    around.pop();
    Ok(sqlx::query!(
        r#"select code, boundary_geojson as "boundary!" from area
           where code = any($1) and boundary_geojson is not null
           order by code desc limit 1"#,
        &around,
    )
    .fetch_optional(tx)
    .await?
    .map(|row| (row.code, row.boundary)))
}

/// Returns the areas inside the one with a code that have a boundary, haven't ended by a
/// day, and have no other area with a boundary in between: codes and boundaries. All of
/// them are in the scope of a caller that may change the outer area.
///
/// # Errors
/// Any database error.
pub async fn list_bounded_inside(
    tx: &mut Tx,
    scope: &RecordScope,
    code: &str,
    day: NaiveDate,
) -> Result<Vec<(String, String)>, StoreError> {
    let scope = scope.within(code);
    let rows = sqlx::query!(
        r#"select code, boundary_geojson as "boundary!" from area inside
           where code >= $1 and code < $2 and code > $3 and boundary_geojson is not null
             and (end_date is null or end_date > $4)
             and not exists (
                 select from area between_them
                 where between_them.code = any(
                     select left(inside.code, length)
                     from generate_series(length($3) + 1, length(inside.code) - 1) length
                 ) and between_them.boundary_geojson is not null
             )
           order by code"#,
        scope.area_from(),
        scope.area_until(),
        code,
        day,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code, row.boundary))
        .collect())
}
