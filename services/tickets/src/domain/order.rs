//! Dispatch orders and their steps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    denied::Denied,
    order_state::{OrderRole, OrderState, ReturnReason, next},
    ticket_state::TicketAction,
};

/// A dispatch order to one unit. Field names match the columns of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Id of the order.
    pub id: Uuid,
    /// Id of the ticket.
    pub ticket_id: Uuid,
    /// Position among the ticket's orders, from 1.
    pub place: i32,
    /// Id of the unit that the order is issued to.
    pub unit_id: Uuid,
    /// Role of the unit: lead or assisting.
    pub role: OrderRole,
    /// Current state of the order.
    pub state: OrderState,
    /// Time when the order was issued.
    pub issued_time: DateTime<Utc>,
    /// Time when the unit first accepted it.
    pub accepted_time: Option<DateTime<Utc>>,
    /// Time when it reached a final state or was confirmed.
    pub ended_time: Option<DateTime<Utc>>,
    /// Id of the person who handles it.
    pub handler_person_id: Option<Uuid>,
    /// Result that the unit has submitted.
    pub result: String,
    /// Reason of the return; none if not returned.
    pub return_reason: Option<ReturnReason>,
}

impl Order {
    /// Applies an action, if it is legal in the current state.
    pub(super) fn step(&mut self, action: TicketAction, at: DateTime<Utc>) -> Result<(), Denied> {
        self.state = next(self.state, action).ok_or(Denied::State {
            kind: "order",
            state: self.state.name(),
            action: action.name(),
        })?;
        // The first acceptance is the unit's response, which figures count once per order.
        if self.state == OrderState::Accepted && self.accepted_time.is_none() {
            self.accepted_time = Some(at);
        }
        // Cleared again: a failed check reopens a confirmed order.
        self.ended_time = if self.state.is_open() { None } else { Some(at) };
        Ok(())
    }
}
