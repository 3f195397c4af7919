//! A dispatch order as the domain keeps it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    denied::Denied,
    order_state::{OrderRole, OrderState, ReturnReason, next},
    ticket_state::TicketAction,
};

/// An order to one unit. Its fields bear the names of the table's columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// The ticket.
    pub ticket_id: Uuid,
    /// Place among the ticket's orders, from 1.
    pub place: i32,
    /// The unit.
    pub unit_id: Uuid,
    /// Whether the unit leads.
    pub role: OrderRole,
    /// Its state.
    pub state: OrderState,
    /// When it was issued.
    pub issued_time: DateTime<Utc>,
    /// When the unit first accepted it.
    pub accepted_time: Option<DateTime<Utc>>,
    /// When it reached a final state, or was confirmed.
    pub ended_time: Option<DateTime<Utc>>,
    /// Who handles it.
    pub handler_person_id: Option<Uuid>,
    /// What the unit reported.
    pub result: String,
    /// Why it was returned.
    pub return_reason: Option<ReturnReason>,
}

impl Order {
    /// Moves the order on, if the action is legal.
    pub(super) fn step(&mut self, action: TicketAction, at: DateTime<Utc>) -> Result<(), Denied> {
        self.state = next(self.state, action).ok_or(Denied::State {
            kind: "order",
            state: self.state.name(),
            action: action.name(),
        })?;
        if self.state == OrderState::Accepted && self.accepted_time.is_none() {
            self.accepted_time = Some(at);
        }
        self.ended_time = if self.state.is_open() { None } else { Some(at) };
        Ok(())
    }
}
