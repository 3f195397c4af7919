//! Everything that can be done to a ticket, as data: one command serves all
//! verbs, and imports replay the same acts.

use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::{
    category::Limit, order_state::ReturnReason, report::Place, ticket_state::TicketAction,
};

coded_enum! {
    /// What came of a ticket, numbered as in the contract.
    TicketOutcome {
        /// Put right.
        Fixed = 1 => "fixed",
        /// Answered; there was nothing to put right.
        Answered = 2 => "answered",
        /// Can't be put right.
        NotFixable = 3 => "not_fixable",
        /// Nobody's responsibility here.
        NotResponsible = 4 => "not_responsible",
        /// Withdrawn by whoever reported it.
        Withdrawn = 5 => "withdrawn",
    }
}

/// An order to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id.
    pub id: Uuid,
    /// The unit.
    pub unit_id: Uuid,
}

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Accept the report as a ticket to be handled.
    File,
    /// Turn the report down.
    Decline {
        /// Why.
        reason: String,
        /// What came of it.
        outcome: TicketOutcome,
    },
    /// Close it, since it was put right on the spot.
    FixOnTheSpot {
        /// What was done.
        result: String,
    },
    /// Order it to units, the lead first.
    Dispatch {
        /// The orders.
        orders: Vec<NewOrder>,
        /// Within which it is to be handled.
        limit: Limit,
        /// Where the limit comes from.
        limit_source: String,
    },
    /// Respond to an order.
    Accept {
        /// The order.
        order_id: Uuid,
    },
    /// Name who handles an order.
    Assign {
        /// The order.
        order_id: Uuid,
        /// Who.
        handler_person_id: Uuid,
    },
    /// Report an order's result.
    Submit {
        /// The order.
        order_id: Uuid,
        /// What was done.
        result: String,
    },
    /// Send an order back.
    Return {
        /// The order.
        order_id: Uuid,
        /// Why, as a code.
        return_reason: ReturnReason,
        /// Why, in words.
        reason: String,
    },
    /// Dispute an order.
    Refuse {
        /// The order.
        order_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Take an assisting order back.
    Withdraw {
        /// The order.
        order_id: Uuid,
        /// Why.
        reason: String,
    },
    /// Confirm an assisting order's result.
    ConfirmOrder {
        /// The order.
        order_id: Uuid,
    },
    /// Confirm the lead unit's result.
    Confirm,
    /// Send the lead unit's result back.
    SendBack {
        /// Why.
        reason: String,
    },
    /// Pass the check.
    Pass {
        /// What came of it.
        outcome: TicketOutcome,
    },
    /// Fail the check.
    Fail {
        /// Why.
        reason: String,
    },
    /// Cancel the ticket.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Place it in a grid that was found.
    Route {
        /// Where it belongs.
        place: Place,
    },
}

impl Act {
    /// The action as the state machines and the history name it.
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

    /// The order acted on; none for the whole ticket.
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

    /// Why, in words, as the history keeps it; empty if the act needs no
    /// reason.
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
