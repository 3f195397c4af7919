//! Check-in visits.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A check-in visit.
#[derive(Debug)]
pub struct CheckInVisit {
    /// Its id.
    pub id: Uuid,
    /// The official.
    pub person_id: Uuid,
    /// Code of the community visited.
    pub area_code: String,
    /// When the official came.
    pub visit_time: DateTime<Utc>,
    /// Its state's number in the contract.
    pub state: i16,
}

/// Keeps a visit as it is now.
///
/// # Errors
/// What the database says.
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
