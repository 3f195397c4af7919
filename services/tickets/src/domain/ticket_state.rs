//! The state machine of tickets. Every state transition is decided by [`next`].

use wangge_kernel::coded_enum;

use super::order_state::OrderRole;

coded_enum! {
    /// State of a ticket, numbered as in the contract.
    TicketState {
        /// Reported; it must be filed or declined.
        Reported = 1 => "reported",
        /// Declined with a reason. Final.
        Declined = 2 => "declined",
        /// Filed; it must be dispatched to a unit.
        PendingDispatch = 3 => "pending_dispatch",
        /// Dispatched to a lead unit, which must accept or return the order.
        PendingAcceptance = 4 => "pending_acceptance",
        /// The lead unit is working on it.
        Handling = 5 => "handling",
        /// The lead unit has reported its result.
        Handled = 6 => "handled",
        /// The result was confirmed; it must be checked.
        PendingCheck = 7 => "pending_check",
        /// Checked and closed. Final.
        Closed = 8 => "closed",
        /// Cancelled with a reason. Final.
        Cancelled = 9 => "cancelled",
    }
}

coded_enum! {
    /// An action on a ticket, numbered as in the contract.
    TicketAction {
        /// The matter was reported.
        Report = 1 => "report",
        /// The ticket was filed.
        File = 2 => "file",
        /// The ticket was declined.
        Decline = 3 => "decline",
        /// Dispatched to a lead unit, with or without assisting units.
        Dispatch = 4 => "dispatch",
        /// An order was accepted by its unit.
        Accept = 5 => "accept",
        /// An order was assigned to a handler.
        Assign = 6 => "assign",
        /// The result of an order was submitted.
        Submit = 7 => "submit",
        /// An order was returned by its unit.
        Return = 8 => "return",
        /// An order was refused by its unit.
        Refuse = 9 => "refuse",
        /// An assisting order was withdrawn.
        Withdraw = 10 => "withdraw",
        /// An assisting order's result was confirmed.
        ConfirmOrder = 11 => "confirm_order",
        /// The lead unit's result was confirmed.
        Confirm = 12 => "confirm",
        /// The lead unit's result was sent back.
        SendBack = 13 => "send_back",
        /// The result passed its check.
        Pass = 14 => "pass",
        /// The result failed its check.
        Fail = 15 => "fail",
        /// The ticket was cancelled.
        Cancel = 16 => "cancel",
        /// Assigned to a grid, once its place could be located.
        Route = 17 => "route",
        /// Fixed on the spot by the person who reported it.
        FixOnTheSpot = 18 => "fix_on_the_spot",
    }
}

impl TicketState {
    /// Returns true if no action is legal any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Declined | Self::Closed | Self::Cancelled)
    }
}

/// Returns the state after an action, or `None` if the action is illegal. For an
/// action on an order, `role` is the role of its unit: the lead order determines
/// the ticket's state, an assisting order doesn't change it.
pub fn next(
    state: TicketState,
    action: TicketAction,
    role: Option<OrderRole>,
) -> Option<TicketState> {
    use OrderRole::{Assisting, Lead};
    use TicketAction as A;
    use TicketState as S;
    match (action, role, state) {
        (A::File, None, S::Reported) => Some(S::PendingDispatch),
        (A::Decline, None, S::Reported) => Some(S::Declined),
        // Skips filing and dispatch: the reporter has fixed the matter already.
        (A::FixOnTheSpot, None, S::Reported) => Some(S::Closed),
        (A::Dispatch, None, S::PendingDispatch) => Some(S::PendingAcceptance),
        (A::Accept, Some(Lead), S::PendingAcceptance) => Some(S::Handling),
        (A::Return | A::Refuse, Some(Lead), S::PendingAcceptance) => Some(S::PendingDispatch),
        (A::Assign, Some(Lead), S::Handling) => Some(S::Handling),
        (A::Submit, Some(Lead), S::Handling) => Some(S::Handled),
        // In the other states no assisting order is open: the lead's return withdraws
        // them, and `Confirm` requires that they have ended.
        (
            A::Accept
            | A::Assign
            | A::Submit
            | A::Return
            | A::Refuse
            | A::Withdraw
            | A::ConfirmOrder,
            Some(Assisting),
            S::PendingAcceptance | S::Handling | S::Handled,
        ) => Some(state),
        (A::Confirm, None, S::Handled) => Some(S::PendingCheck),
        (A::SendBack, None, S::Handled) => Some(S::Handling),
        (A::Pass, None, S::PendingCheck) => Some(S::Closed),
        // Back to the same unit, which needn't accept the order again.
        (A::Fail, None, S::PendingCheck) => Some(S::Handling),
        (A::Cancel, None, open) if !open.is_final() => Some(S::Cancelled),
        // Routing is independent of the lifecycle: a grid can become known at any
        // time before the ticket ends.
        (A::Route, None, open) if !open.is_final() => Some(open),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_state_and_action() {
        let mut table = String::new();
        for &state in TicketState::ALL {
            for &action in TicketAction::ALL {
                for role in [None, Some(OrderRole::Lead), Some(OrderRole::Assisting)] {
                    if let Some(after) = next(state, action, role) {
                        let who = role.map_or("", OrderRole::name);
                        writeln!(
                            table,
                            "{:<18} {:<13} {:<9} -> {}",
                            state.name(),
                            action.name(),
                            who,
                            after.name()
                        )
                        .unwrap();
                    }
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn nothing_leaves_a_final_state() {
        for &state in TicketState::ALL {
            for &action in TicketAction::ALL {
                for role in [None, Some(OrderRole::Lead), Some(OrderRole::Assisting)] {
                    assert!(!state.is_final() || next(state, action, role).is_none());
                }
            }
        }
    }
}
