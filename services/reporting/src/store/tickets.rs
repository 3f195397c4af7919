//! Dispatch orders.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A dispatch order.
#[derive(Debug)]
pub struct TicketOrder {
    /// Its id.
    pub id: Uuid,
    /// Its ticket.
    pub ticket_id: Uuid,
    /// Its unit.
    pub unit_id: Uuid,
    /// Code of the area of its ticket.
    pub area_code: String,
    /// When it was issued.
    pub issued_time: DateTime<Utc>,
    /// When the unit first accepted it.
    pub accepted_time: Option<DateTime<Utc>>,
}

/// Keeps an order as it is now.
///
/// # Errors
/// What the database says.
pub async fn upsert_order(tx: &mut Tx, order: &TicketOrder) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ticket_order (id, ticket_id, unit_id, area_code, issued_time, accepted_time) \
         values ($1, $2, $3, $4, $5, $6) on conflict on constraint ticket_order_pkey do update set \
         area_code = excluded.area_code, accepted_time = excluded.accepted_time",
        order.id,
        order.ticket_id,
        order.unit_id,
        order.area_code,
        order.issued_time,
        order.accepted_time,
    )
    .execute(tx)
    .await?;
    Ok(())
}
