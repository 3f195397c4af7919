//! The state machine of tickets: [`next`] decides every state change.

use wangge_kernel::coded_enum;

use super::order_state::OrderRole;

coded_enum! {
    /// State of a ticket. The numbers are the contract's.
    TicketState {
        /// Reported; to be filed or declined.
        Reported = 1 => "reported",
        /// Declined as a report. Final.
        Declined = 2 => "declined",
        /// Filed; to be dispatched to a unit.
        PendingDispatch = 3 => "pending_dispatch",
        /// Dispatched; the lead unit must accept or return its order.
        PendingAcceptance = 4 => "pending_acceptance",
        /// The lead unit is working on it.
        Handling = 5 => "handling",
        /// The lead unit has submitted its result.
        Handled = 6 => "handled",
        /// The result was confirmed; to be checked.
        PendingCheck = 7 => "pending_check",
        /// Checked and closed. Final.
        Closed = 8 => "closed",
        /// Cancelled by a leader. Final.
        Cancelled = 9 => "cancelled",
    }
}

coded_enum! {
    /// An action on a ticket. The numbers are the contract's.
    TicketAction {
        /// The ticket was reported.
        Report = 1 => "report",
        /// The report was filed.
        File = 2 => "file",
        /// The report was declined.
        Decline = 3 => "decline",
        /// Dispatched to a lead unit, with or without assisting ones.
        Dispatch = 4 => "dispatch",
        /// An order was accepted.
        Accept = 5 => "accept",
        /// A handler was assigned to an order.
        Assign = 6 => "assign",
        /// The result of an order was submitted.
        Submit = 7 => "submit",
        /// An order was returned.
        Return = 8 => "return",
        /// An order was refused.
        Refuse = 9 => "refuse",
        /// An assisting order was withdrawn.
        Withdraw = 10 => "withdraw",
        /// The result of an assisting order was confirmed.
        ConfirmOrder = 11 => "confirm_order",
        /// The lead unit's result was confirmed.
        Confirm = 12 => "confirm",
        /// The lead unit's result was sent back.
        SendBack = 13 => "send_back",
        /// The check was passed.
        Pass = 14 => "pass",
        /// The check was failed.
        Fail = 15 => "fail",
        /// The ticket was cancelled.
        Cancel = 16 => "cancel",
        /// Placed in a grid after its place was found.
        Route = 17 => "route",
        /// Fixed on the spot by its reporter.
        FixOnTheSpot = 18 => "fix_on_the_spot",
    }
}

impl TicketState {
    /// Returns true if no further action is legal.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Declined | Self::Closed | Self::Cancelled)
    }
}

/// Returns the state after an action; none if the action is not legal. For an action on an
/// order, `role` distinguishes the lead order, which carries the ticket's state, from
/// assisting ones, which don't change it.
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
        (A::FixOnTheSpot, None, S::Reported) => Some(S::Closed),
        (A::Dispatch, None, S::PendingDispatch) => Some(S::PendingAcceptance),
        (A::Accept, Some(Lead), S::PendingAcceptance) => Some(S::Handling),
        (A::Return | A::Refuse, Some(Lead), S::PendingAcceptance) => Some(S::PendingDispatch),
        (A::Assign, Some(Lead), S::Handling) => Some(S::Handling),
        (A::Submit, Some(Lead), S::Handling) => Some(S::Handled),
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
        (A::Fail, None, S::PendingCheck) => Some(S::Handling),
        (A::Cancel, None, open) if !open.is_final() => Some(S::Cancelled),
        // Routing changes the place and not the state, so it is legal in every open state.
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
