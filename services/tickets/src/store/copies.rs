//! Copies of organization's reference data. An older event never undoes a
//! newer one; each change makes the replicas' pictures old.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// An area as the feed tells it.
#[derive(Debug)]
pub struct AreaCopy {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its kind's number.
    pub kind: i16,
    /// Its boundary; empty for none.
    pub boundary_geojson: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer does.
    pub end_date: Option<NaiveDate>,
    /// Its revision.
    pub revision: i64,
}

/// A unit as the feed tells it.
#[derive(Debug)]
pub struct UnitCopy {
    /// Its id.
    pub id: Uuid,
    /// Its kind's number.
    pub kind: i16,
    /// Code of its area.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer does.
    pub end_date: Option<NaiveDate>,
    /// Its revision.
    pub revision: i64,
}

/// Keeps an area as it is from a revision on.
///
/// # Errors
/// What the database says.
pub async fn upsert_area(tx: &mut Tx, area: &AreaCopy) -> Result<(), StoreError> {
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

/// Keeps a unit as it is from a revision on.
///
/// # Errors
/// What the database says.
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

/// Keeps an entry of the address book as it is from a revision on.
///
/// # Errors
/// What the database says.
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
