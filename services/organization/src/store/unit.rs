//! SQL statements of units.

use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::{Lanes, StoreError, Tx, transaction::Failure};
use wangge_record::{Days, ResolvedReference};
use wangge_record_store::{
    Filter, Listing,
    listing::{Column, Sort},
};

use super::write_in;
use crate::domain::unit::{Unit, UnitId, UnitKind};

/// Order and filters of lists. Units of the areas around the scope are included.
const LISTING: Listing = Listing {
    order: &[Column {
        name: "code",
        sql_type: "text",
    }],
    is_ascending: true,
    sort: Some(Sort {
        column: "kind",
        values: || UnitKind::ALL.iter().map(|kind| kind.code()).collect(),
    }),
    is_shared: true,
    ..Listing::of("unit")
};

/// Returns the unit with an id, if it is in scope or of an area around it.
///
/// # Errors
/// Any database error.
pub async fn load_unit(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Unit>, StoreError> {
    Ok(sqlx::query_as!(
        Unit,
        r#"select id as "id: UnitId", code, kind as "kind: UnitKind", name,
                  parent_id as "parent_id: UnitId", area_code, start_date, end_date, revision
           from unit
           where id = $1 and (area_code >= $2 and area_code < $3 or area_code = any($4))"#,
        id,
        scope.area_from(),
        scope.area_until(),
        &scope.areas_around(),
    )
    .fetch_optional(executor)
    .await?)
}

/// Returns the unit with an id, locked until the transaction ends.
///
/// # Errors
/// Any database error.
pub async fn lock_unit(
    tx: &mut Tx,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Unit>, StoreError> {
    // `for no key update` suffices, since codes and ids never change: it doesn't block
    // inserts whose foreign keys refer to the unit, as `for update` would.
    Ok(sqlx::query_as!(
        Unit,
        r#"select id as "id: UnitId", code, kind as "kind: UnitKind", name,
                  parent_id as "parent_id: UnitId", area_code, start_date, end_date, revision
           from unit where id = $1 and area_code >= $2 and area_code < $3 for no key update"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns the units in scope after a code, in the order of codes, restricted to one kind
/// if one is named. At most `limit`.
///
/// # Errors
/// Any database error.
pub async fn list_units(
    lanes: &Lanes,
    scope: &RecordScope,
    kind: Option<UnitKind>,
    after: &str,
    limit: i64,
) -> Result<Vec<Unit>, StoreError> {
    let filter = Filter {
        state: kind.map(UnitKind::code),
        behind: Some(vec![after.to_owned()]),
        limit,
        ..Filter::default()
    };
    // Two statements: the first reads the page's keys from an index in order, the second
    // their rows, which `any` returns in no particular order.
    let codes: Vec<String> = LISTING.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut units = lane
        .run(async |lane| {
            sqlx::query_as!(
                Unit,
                r#"select id as "id: UnitId", code, kind as "kind: UnitKind", name,
                          parent_id as "parent_id: UnitId", area_code, start_date, end_date,
                          revision
                   from unit where code = any($1)"#,
                &codes,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    units.sort_unstable_by(|one, other| one.code.cmp(&other.code));
    Ok(units)
}

/// Returns the field whose value another unit, in scope or not, has already.
///
/// # Errors
/// Any database error.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    unit: &Unit,
) -> Result<Option<&'static str>, StoreError> {
    // True sorts last, so `desc` reports a duplicate id before a duplicate code.
    Ok(sqlx::query_scalar!(
        r#"select id = $1 as "id!" from unit where id = $1 or code = $2 order by 1 desc limit 1"#,
        unit.id.0,
        unit.code,
    )
    .fetch_optional(tx)
    .await?
    .map(|id| if id { "unit.id" } else { "unit.code" }))
}

/// Inserts a unit.
///
/// # Errors
/// `RECORD_EXISTS` if its id or code is in use; any database error.
pub async fn insert_unit(tx: &mut Tx, scope: &RecordScope, unit: &Unit) -> Result<(), Failure> {
    write_in(scope, &unit.area_code)?;
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into unit (id, code, kind, name, parent_id, area_code, start_date, end_date, \
         revision) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
        unit.id.0,
        unit.code,
        unit.kind.code(),
        unit.name,
        unit.parent_id.map(|id| id.0),
        unit.area_code,
        unit.start_date,
        unit.end_date,
        unit.revision,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        let field = taken_field(tx, scope, unit).await?.unwrap_or("unit.code");
        return Err(Refusal::exists("unit", field).into());
    }
    Ok(())
}

/// Stores a new revision of a unit that the caller has locked.
///
/// # Errors
/// Any database error.
pub async fn update_unit(tx: &mut Tx, scope: &RecordScope, unit: &Unit) -> Result<(), Failure> {
    write_in(scope, &unit.area_code)?;
    sqlx::query!(
        "update unit set name = $2, end_date = $3, revision = $4 where id = $1",
        unit.id.0,
        unit.name,
        unit.end_date,
        unit.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Returns the units among some ids, with their kinds and days: those in scope, and those of
/// the areas around it, which every caller in it may refer to.
///
/// # Errors
/// Any database error.
pub async fn find_units(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let around = scope.own_area().map(area_code::around).unwrap_or_default();
    let found = sqlx::query!(
        "select id, area_code, kind, start_date, end_date from unit
         where id = any($1) and (area_code >= $2 and area_code < $3 or area_code = any($4))",
        ids,
        scope.area_from(),
        scope.area_until(),
        &around,
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| {
            let found = ResolvedReference {
                kind: row.kind,
                days: Days {
                    start_date: Some(row.start_date),
                    end_date: row.end_date,
                },
                ..ResolvedReference::plain(row.area_code)
            };
            (row.id, found)
        })
        .collect())
}
