//! Projected check-in visits.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A check-in visit of an official.
#[derive(Debug)]
pub struct CheckInVisit {
    /// Id of the visit.
    pub id: Uuid,
    /// The official who visited.
    pub person_id: Uuid,
    /// Code of the community visited.
    pub area_code: String,
    /// Time of the visit.
    pub visit_time: DateTime<Utc>,
    /// Contract number of its state.
    pub state: i16,
}

/// Inserts a visit, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_visit(tx: &mut Tx, visit: &CheckInVisit) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into check_in_visit (id, person_id, area_code, visit_time, state) \
         values ($1, $2, $3, $4, $5) on conflict on constraint check_in_visit_pkey do update set \
         state = excluded.state, visit_time = excluded.visit_time",
        visit.id,
        visit.person_id,
        visit.area_code,
        visit.visit_time,
        visit.state,
    )
    .execute(tx)
    .await?;
    Ok(())
}
