//! Dispatch orders as the domain models them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    denied::Denied,
    order_state::{OrderRole, OrderState, ReturnReason, next},
    ticket_state::TicketAction,
};

/// An order to one unit. Field names match the column names of its table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Id of the order (UUID).
    pub id: Uuid,
    /// Id of the ticket that it belongs to.
    pub ticket_id: Uuid,
    /// Position among the ticket's orders, from 1.
    pub place: i32,
    /// Id of the unit in the organization service.
    pub unit_id: Uuid,
    /// Role of the unit: lead or assisting.
    pub role: OrderRole,
    /// Current state of the order.
    pub state: OrderState,
    /// When the order was issued.
    pub issued_time: DateTime<Utc>,
    /// When the unit first accepted it.
    pub accepted_time: Option<DateTime<Utc>>,
    /// When it reached a final state or was confirmed; `None` while it is open.
    pub ended_time: Option<DateTime<Utc>>,
    /// Id of the handler; `None` until one is assigned.
    pub handler_person_id: Option<Uuid>,
    /// Latest result that the unit submitted; empty until then.
    pub result: String,
    /// Reason for the return; `None` unless returned.
    pub return_reason: Option<ReturnReason>,
}

impl Order {
    /// Applies an action if it is legal in the current state.
    pub(super) fn step(&mut self, action: TicketAction, at: DateTime<Utc>) -> Result<(), Denied> {
        self.state = next(self.state, action).ok_or(Denied::State {
            kind: "order",
            state: self.state.name(),
            action: action.name(),
        })?;
        if self.state == OrderState::Accepted && self.accepted_time.is_none() {
            self.accepted_time = Some(at);
        }
        // Cleared when a failed check reopens a confirmed order.
        self.ended_time = if self.state.is_open() { None } else { Some(at) };
        Ok(())
    }
}
