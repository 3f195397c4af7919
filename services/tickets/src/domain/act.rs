//! The actions on tickets, as data: one command executes all verbs, and imports
//! replay the same acts.

use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::{
    category::Limit, order_state::ReturnReason, report::Place, ticket_state::TicketAction,
};

coded_enum! {
    /// Outcome of a ticket, numbered as in the contract.
    TicketOutcome {
        /// The matter was fixed.
        Fixed = 1 => "fixed",
        /// Answered; there was nothing to fix.
        Answered = 2 => "answered",
        /// The matter can't be fixed.
        NotFixable = 3 => "not_fixable",
        /// No unit of the platform is responsible.
        NotResponsible = 4 => "not_responsible",
        /// Withdrawn by the person who reported it.
        Withdrawn = 5 => "withdrawn",
    }
}

/// An order that is to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder {
    /// Id of the new order (UUID).
    pub id: Uuid,
    /// Id of the unit that receives it.
    pub unit_id: Uuid,
}

/// An action on a ticket, with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Accept the report as a ticket to be handled.
    File,
    /// Decline the report, which ends the ticket.
    Decline {
        /// Reason for declining, as text.
        reason: String,
        /// Outcome that the ticket gets.
        outcome: TicketOutcome,
    },
    /// Close the ticket, because the reporter fixed the matter on the spot.
    FixOnTheSpot {
        /// Description of what was done.
        result: String,
    },
    /// Dispatch the ticket to units.
    Dispatch {
        /// The orders to issue, the lead unit's first.
        orders: Vec<NewOrder>,
        /// Time limit for handling the ticket.
        limit: Limit,
        /// Source of the limit, e.g. `category 0105`.
        limit_source: String,
    },
    /// Accept an order as its unit.
    Accept {
        /// Id of the order.
        order_id: Uuid,
    },
    /// Assign an order to a handler.
    Assign {
        /// Id of the order.
        order_id: Uuid,
        /// Id of the handler in the organization service.
        handler_person_id: Uuid,
    },
    /// Submit the result of an order.
    Submit {
        /// Id of the order.
        order_id: Uuid,
        /// Description of what was done.
        result: String,
    },
    /// Return an order as not the unit's business.
    Return {
        /// Id of the order.
        order_id: Uuid,
        /// The reason, as a code.
        return_reason: ReturnReason,
        /// The reason, as text.
        reason: String,
    },
    /// Dispute an order, which escalates the ticket.
    Refuse {
        /// Id of the order.
        order_id: Uuid,
        /// Reason for the dispute, as text.
        reason: String,
    },
    /// Withdraw an assisting order.
    Withdraw {
        /// Id of the order.
        order_id: Uuid,
        /// Reason for withdrawing it, as text.
        reason: String,
    },
    /// Confirm the result of an assisting order.
    ConfirmOrder {
        /// Id of the order.
        order_id: Uuid,
    },
    /// Confirm the lead unit's result.
    Confirm,
    /// Send the lead unit's result back for more work.
    SendBack {
        /// Reason for sending it back, as text.
        reason: String,
    },
    /// Pass the check, which closes the ticket.
    Pass {
        /// Outcome that the ticket gets.
        outcome: TicketOutcome,
    },
    /// Fail the check, so that the same unit handles the ticket again.
    Fail {
        /// Reason for the failure, as text.
        reason: String,
    },
    /// Cancel the ticket, which withdraws its open orders.
    Cancel {
        /// Reason for cancelling, as text.
        reason: String,
    },
    /// Assign the ticket to the area that its place was located in.
    Route {
        /// Area, routing status and suggested unit.
        place: Place,
    },
}

impl Act {
    /// Returns the action that state machines and history use for the act.
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

    /// Returns the order that the act applies to, or `None` for the whole ticket.
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

    /// Returns the reason, as text, that the history stores; empty if the act needs
    /// none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Decline { reason, .. }
            | Self::Return { reason, .. }
            | Self::Refuse { reason, .. }
            | Self::Withdraw { reason, .. }
            | Self::SendBack { reason }
            | Self::Fail { reason }
            | Self::Cancel { reason } => reason,
            // The history has no column for results. Orders store the latest result only,
            // so this preserves the earlier ones.
            Self::FixOnTheSpot { result } | Self::Submit { result, .. } => result,
            _ => "",
        }
    }
}
