//! Acts: everything that can be done to a ticket, as data. One command serves all verbs,
//! and imports replay the same acts.

use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::{
    category::Limit, order_state::ReturnReason, report::Place, ticket_state::TicketAction,
};

coded_enum! {
    /// Outcome of a ticket. The numbers are the contract's.
    TicketOutcome {
        /// The problem was fixed.
        Fixed = 1 => "fixed",
        /// Answered; there was nothing to fix.
        Answered = 2 => "answered",
        /// The problem can't be fixed.
        NotFixable = 3 => "not_fixable",
        /// No unit here is responsible.
        NotResponsible = 4 => "not_responsible",
        /// Withdrawn by its reporter.
        Withdrawn = 5 => "withdrawn",
    }
}

/// An order to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder {
    /// Id of the new order.
    pub id: Uuid,
    /// Unit that the order is issued to.
    pub unit_id: Uuid,
}

/// An act on a ticket, with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Accept the report as a ticket to be handled.
    File,
    /// Decline the report.
    Decline {
        /// Reason, for the history.
        reason: String,
        /// Outcome of the declined report.
        outcome: TicketOutcome,
    },
    /// Close the ticket, since it was fixed on the spot.
    FixOnTheSpot {
        /// Description of what was done.
        result: String,
    },
    /// Issue orders to units, the lead first.
    Dispatch {
        /// Orders to issue, the lead order first.
        orders: Vec<NewOrder>,
        /// Time limit for handling the ticket.
        limit: Limit,
        /// Source of the limit, to explain the deadline.
        limit_source: String,
    },
    /// Accept an order.
    Accept {
        /// Id of the order.
        order_id: Uuid,
    },
    /// Assign a handler to an order.
    Assign {
        /// Id of the order.
        order_id: Uuid,
        /// Id of the person who handles it.
        handler_person_id: Uuid,
    },
    /// Submit the result of an order.
    Submit {
        /// Id of the order.
        order_id: Uuid,
        /// Description of what was done.
        result: String,
    },
    /// Return an order to the dispatcher.
    Return {
        /// Id of the order.
        order_id: Uuid,
        /// Reason as a code.
        return_reason: ReturnReason,
        /// Reason as text; may be empty.
        reason: String,
    },
    /// Dispute an order, which escalates the ticket.
    Refuse {
        /// Id of the order.
        order_id: Uuid,
        /// Reason, for the history.
        reason: String,
    },
    /// Withdraw an assisting order.
    Withdraw {
        /// Id of the order.
        order_id: Uuid,
        /// Reason, for the history.
        reason: String,
    },
    /// Confirm the result of an assisting order.
    ConfirmOrder {
        /// Id of the order.
        order_id: Uuid,
    },
    /// Confirm the lead unit's result.
    Confirm,
    /// Send the lead unit's result back.
    SendBack {
        /// Reason, for the history.
        reason: String,
    },
    /// Pass the check and close the ticket.
    Pass {
        /// Outcome of the closed ticket.
        outcome: TicketOutcome,
    },
    /// Fail the check: the ticket is handled again.
    Fail {
        /// Reason, for the history.
        reason: String,
    },
    /// Cancel the ticket and its open orders.
    Cancel {
        /// Reason, for the history.
        reason: String,
    },
    /// Place the ticket in a grid that was found for it.
    Route {
        /// The grid, with the unit suggested for it.
        place: Place,
    },
}

impl Act {
    /// Returns the action that the state machines and the history know the act by.
    pub fn action(&self) -> TicketAction {
        match self {
            Self::File => TicketAction::File,
            Self::Decline { .. } => TicketAction::Decline,
            Self::FixOnTheSpot { .. } => TicketAction::FixOnTheSpot,
            Self::Dispatch { .. } => TicketAction::Dispatch,
            Self::Accept { .. } => TicketAction::Accept,
            Self::Assign { .. } => TicketAction::Assign,
            Self::Submit { .. } => TicketAction::Submit,
            Self::Return { .. } => TicketAction::Return,
            Self::Refuse { .. } => TicketAction::Refuse,
            Self::Withdraw { .. } => TicketAction::Withdraw,
            Self::ConfirmOrder { .. } => TicketAction::ConfirmOrder,
            Self::Confirm => TicketAction::Confirm,
            Self::SendBack { .. } => TicketAction::SendBack,
            Self::Pass { .. } => TicketAction::Pass,
            Self::Fail { .. } => TicketAction::Fail,
            Self::Cancel { .. } => TicketAction::Cancel,
            Self::Route { .. } => TicketAction::Route,
        }
    }

    /// Returns the order that the act concerns; none if it concerns the whole ticket.
    pub fn order_id(&self) -> Option<Uuid> {
        match self {
            Self::Accept { order_id }
            | Self::Assign { order_id, .. }
            | Self::Submit { order_id, .. }
            | Self::Return { order_id, .. }
            | Self::Refuse { order_id, .. }
            | Self::Withdraw { order_id, .. }
            | Self::ConfirmOrder { order_id } => Some(*order_id),
            _ => None,
        }
    }

    /// Returns the text that the history stores as the reason; empty if the act has none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Decline { reason, .. }
            | Self::Return { reason, .. }
            | Self::Refuse { reason, .. }
            | Self::Withdraw { reason, .. }
            | Self::SendBack { reason }
            | Self::Fail { reason }
            | Self::Cancel { reason } => reason,
            Self::FixOnTheSpot { result } | Self::Submit { result, .. } => result,
            _ => "",
        }
    }
}
