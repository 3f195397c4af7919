//! Projected dispatch orders.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A dispatch order of a ticket.
#[derive(Debug)]
pub struct TicketOrder {
    /// Id of the order.
    pub id: Uuid,
    /// The ticket that it belongs to.
    pub ticket_id: Uuid,
    /// The unit that it was issued to.
    pub unit_id: Uuid,
    /// Code of the area of its ticket.
    pub area_code: String,
    /// Time at which it was issued.
    pub issued_time: DateTime<Utc>,
    /// Time at which the unit first accepted it.
    pub accepted_time: Option<DateTime<Utc>>,
}

/// Inserts an order, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_order(tx: &mut Tx, order: &TicketOrder) -> Result<(), StoreError> {
    // The area is that of the ticket and changes when the ticket moves.
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
