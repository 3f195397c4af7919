//! Areas, units and appointments.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// An area.
#[derive(Debug)]
pub struct Area {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its kind's number in the contract.
    pub kind: i16,
    /// Its name; public.
    pub name: String,
    /// Its boundary as a GeoJSON geometry; empty for none.
    pub boundary_geojson: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer does.
    pub end_date: Option<NaiveDate>,
}

/// A unit.
#[derive(Debug)]
pub struct Unit {
    /// Its id.
    pub id: Uuid,
    /// Its kind's number in the contract.
    pub kind: i16,
    /// Code of its area.
    pub area_code: String,
    /// First day on which it exists.
    pub start_date: NaiveDate,
    /// First day on which it no longer does.
    pub end_date: Option<NaiveDate>,
}

/// An appointment.
#[derive(Debug)]
pub struct Appointment {
    /// Its id.
    pub id: Uuid,
    /// The person.
    pub person_id: Uuid,
    /// The post's number in the contract.
    pub post: i16,
    /// The unit in which it is held; none for a post in an area.
    pub unit_id: Option<Uuid>,
    /// Code of the area in which it is held.
    pub area_code: String,
    /// Its first day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}

/// Keeps an area as it is now.
///
/// # Errors
/// What the database says.
pub async fn upsert_area(tx: &mut Tx, area: &Area) -> Result<(), StoreError> {
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

/// Keeps a unit as it is now.
///
/// # Errors
/// What the database says.
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

/// Keeps an appointment as it is now.
///
/// # Errors
/// What the database says.
pub async fn upsert_appointment(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
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
