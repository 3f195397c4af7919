//! Local copies of reference data of other services, maintained by the consumers of
//! their feeds. An older event never overwrites a newer one. After a change of areas,
//! units or addresses, the consumer increments the version of the reference data.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx};
use wangge_record::{Days, ResolvedReference};

/// An area, as received from organization's feed.
#[derive(Debug)]
pub struct AreaCopy {
    /// Id of the area (UUID).
    pub id: Uuid,
    /// Code of the area.
    pub code: String,
    /// Number of its kind, as in the contract.
    pub kind: i16,
    /// Boundary as GeoJSON; empty if it has none.
    pub boundary_geojson: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists; `None` until an end is set.
    pub end_date: Option<NaiveDate>,
    /// Revision of the record in the organization service.
    pub revision: i64,
}

/// A unit, as received from organization's feed.
#[derive(Debug)]
pub struct UnitCopy {
    /// Id of the unit (UUID).
    pub id: Uuid,
    /// Number of its kind, as in the contract.
    pub kind: i16,
    /// Code of its area.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists; `None` until an end is set.
    pub end_date: Option<NaiveDate>,
    /// Revision of the record in the organization service.
    pub revision: i64,
}

impl UnitCopy {
    /// Returns the days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }
}

/// Stores an area, unless the stored copy has the same or a newer revision.
///
/// # Errors
/// Returns any database error.
pub async fn upsert_area(tx: &mut Tx, area: &AreaCopy) -> Result<(), StoreError> {
    // Events can be redelivered; the condition on the revision makes the upsert
    // idempotent. Code, kind and start date of an area are immutable.
    sqlx::query!(
        "insert into area_copy (id, code, kind, boundary_geojson, start_date, end_date, revision) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint area_copy_pkey do update set \
         boundary_geojson = excluded.boundary_geojson, end_date = excluded.end_date, \
         revision = excluded.revision where area_copy.revision < excluded.revision",
        area.id,
        area.code,
        area.kind,
        area.boundary_geojson,
        area.start_date,
        area.end_date,
        area.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores an area's name, unless the stored one has the same or a newer revision.
///
/// # Errors
/// Returns any database error.
pub async fn upsert_area_name(
    tx: &mut Tx,
    id: Uuid,
    name: &str,
    revision: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into area_copy_name (area_id, name, revision) values ($1, $2, $3) \
         on conflict on constraint area_copy_name_pkey do update set name = excluded.name, \
         revision = excluded.revision where area_copy_name.revision < excluded.revision",
        id,
        name,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores a unit, unless the stored copy has the same or a newer revision.
///
/// # Errors
/// Returns any database error.
pub async fn upsert_unit(tx: &mut Tx, unit: &UnitCopy) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into unit_copy (id, kind, area_code, start_date, end_date, revision) \
         values ($1, $2, $3, $4, $5, $6) on conflict on constraint unit_copy_pkey do update set \
         kind = excluded.kind, area_code = excluded.area_code, end_date = excluded.end_date, \
         revision = excluded.revision where unit_copy.revision < excluded.revision",
        unit.id,
        unit.kind,
        unit.area_code,
        unit.start_date,
        unit.end_date,
        unit.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores an entry of the address book, unless the stored copy has the same or a newer
/// revision.
///
/// # Errors
/// Returns any database error.
pub async fn upsert_address(
    tx: &mut Tx,
    id: Uuid,
    normalized_text: &str,
    area_code: &str,
    revision: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into address_copy (id, normalized_text, area_code, revision) \
         values ($1, $2, $3, $4) on conflict on constraint address_copy_pkey do update set \
         normalized_text = excluded.normalized_text, area_code = excluded.area_code, \
         revision = excluded.revision where address_copy.revision < excluded.revision",
        id,
        normalized_text,
        area_code,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Finds areas by code within a scope, with their kinds and days.
///
/// # Errors
/// Returns any database error.
pub async fn find_areas(
    tx: &mut Tx,
    scope: &RecordScope,
    codes: &[String],
) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select code, kind, start_date, end_date from area_copy where code = any($1) and code >= $2 and code < $3",
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

/// Finds units by id in any area.
///
/// # Errors
/// Returns any database error.
pub async fn find_units(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select id, area_code, kind, start_date, end_date from unit_copy where id = any($1)",
        ids,
    )
    .fetch_all(tx)
    .await?;
    let found = found.into_iter().map(|row| {
        let found = ResolvedReference {
            kind: row.kind,
            days: Days {
                start_date: Some(row.start_date),
                end_date: row.end_date,
            },
            ..ResolvedReference::plain(row.area_code)
        };
        (row.id, found)
    });
    Ok(found.collect())
}

/// Stores a project of the volunteers service, unless the stored copy has the same or a
/// newer revision.
///
/// # Errors
/// Returns any database error.
pub async fn upsert_project(
    tx: &mut Tx,
    id: Uuid,
    area_code: &str,
    state: &str,
    revision: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into project_copy (id, area_code, state, revision) values ($1, $2, $3, $4) \
         on conflict on constraint project_copy_pkey do update set \
         area_code = excluded.area_code, state = excluded.state, revision = excluded.revision \
         where project_copy.revision < excluded.revision",
        id,
        area_code,
        state,
        revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
