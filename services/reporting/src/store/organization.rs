//! Projected areas, units and appointments.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A projected area of organization.
#[derive(Debug)]
pub struct Area {
    /// Id of the area.
    pub id: Uuid,
    /// Code of the area.
    pub code: String,
    /// Contract number of its kind.
    pub kind: i16,
    /// Name of the area; public.
    pub name: String,
    /// Boundary as a GeoJSON geometry; empty if unknown.
    pub boundary_geojson: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// A projected unit of organization.
#[derive(Debug)]
pub struct Unit {
    /// Id of the unit.
    pub id: Uuid,
    /// Contract number of its kind.
    pub kind: i16,
    /// Code of its area.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

/// A projected appointment to a post.
#[derive(Debug)]
pub struct Appointment {
    /// Id of the appointment.
    pub id: Uuid,
    /// The person who is appointed.
    pub person_id: Uuid,
    /// Contract number of the post.
    pub post: i16,
    /// The unit that the post is held in; `None` for a post in an area.
    pub unit_id: Option<Uuid>,
    /// Code of the area that the post is held in.
    pub area_code: String,
    /// First day on which it holds.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}

/// Inserts an area, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_area(tx: &mut Tx, area: &Area) -> Result<(), StoreError> {
    // Code and kind never change, so they are not updated.
    sqlx::query!(
        "insert into area (id, code, kind, name, start_date, end_date, boundary_geojson) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint area_pkey do update set \
         name = excluded.name, start_date = excluded.start_date, end_date = excluded.end_date, \
         boundary_geojson = excluded.boundary_geojson",
        area.id,
        area.code,
        area.kind,
        area.name,
        area.start_date,
        area.end_date,
        area.boundary_geojson,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Inserts a unit, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_unit(tx: &mut Tx, unit: &Unit) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into unit (id, kind, area_code, start_date, end_date) values ($1, $2, $3, $4, $5) \
         on conflict on constraint unit_pkey do update set kind = excluded.kind, \
         area_code = excluded.area_code, start_date = excluded.start_date, end_date = excluded.end_date",
        unit.id,
        unit.kind,
        unit.area_code,
        unit.start_date,
        unit.end_date,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Inserts an appointment, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_appointment(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    // Person, post and area never change. The unit is updated for rows that were applied before
    // the column existed.
    sqlx::query!(
        "insert into appointment (id, person_id, post, area_code, start_date, end_date, unit_id) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint appointment_pkey do update set \
         start_date = excluded.start_date, end_date = excluded.end_date, unit_id = excluded.unit_id",
        appointment.id,
        appointment.person_id,
        appointment.post,
        appointment.area_code,
        appointment.start_date,
        appointment.end_date,
        appointment.unit_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}
