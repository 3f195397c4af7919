//! The state machine of dispatch orders.

use wangge_kernel::coded_enum;

use super::ticket_state::TicketAction;

coded_enum! {
    /// Role of a unit. The numbers are the contract's.
    OrderRole {
        /// Leads: its order carries the ticket's state.
        Lead = 1 => "lead",
        /// Assists the lead unit.
        Assisting = 2 => "assisting",
    }
}

coded_enum! {
    /// State of an order. The numbers are the contract's. Orders up to 5 are live: their unit
    /// can see the ticket.
    OrderState {
        /// Issued; the unit has not responded yet.
        Issued = 1 => "issued",
        /// Accepted: the unit's response.
        Accepted = 2 => "accepted",
        /// A handler is working on it.
        Handling = 3 => "handling",
        /// The unit has submitted its result.
        Submitted = 4 => "submitted",
        /// The result was confirmed.
        Confirmed = 5 => "confirmed",
        /// Returned as not the unit's responsibility. Final.
        Returned = 6 => "returned",
        /// Disputed by the unit. Final.
        Refused = 7 => "refused",
        /// Withdrawn by itself, or with its lead order or ticket. Final.
        Withdrawn = 8 => "withdrawn",
    }
}

coded_enum! {
    /// Reason of a return. The numbers are the contract's.
    ReturnReason {
        /// The place is not in the unit's area.
        NotOurArea = 1 => "not_our_area",
        /// The matter is not among the unit's duties.
        NotOurDuty = 2 => "not_our_duty",
        /// Information needed to start is missing.
        InformationMissing = 3 => "information_missing",
        /// Another reason, stated as text.
        Other = 4 => "other",
    }
}

impl OrderState {
    /// Returns true if the unit holds the order: it can see the ticket and act on it.
    pub fn is_live(self) -> bool {
        // SQL statements repeat this rule as `state <= 5`.
        self <= Self::Confirmed
    }

    /// Returns true if the unit's work is not finished.
    pub fn is_open(self) -> bool {
        self <= Self::Submitted
    }
}

/// Returns the state of an order after an action; none if the action is not legal.
pub fn next(state: OrderState, action: TicketAction) -> Option<OrderState> {
    use OrderState as S;
    use TicketAction as A;
    match (action, state) {
        (A::Accept, S::Issued) => Some(S::Accepted),
        (A::Return, S::Issued) => Some(S::Returned),
        (A::Refuse, S::Issued) => Some(S::Refused),
        (A::Assign, S::Accepted | S::Handling) => Some(S::Handling),
        (A::Submit, S::Accepted | S::Handling) => Some(S::Submitted),
        (A::SendBack, S::Submitted) => Some(S::Handling),
        (A::Confirm | A::ConfirmOrder, S::Submitted) => Some(S::Confirmed),
        (A::Fail, S::Confirmed) => Some(S::Handling),
        (A::Withdraw | A::Cancel, open) if open.is_open() => Some(S::Withdrawn),
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
        for &state in OrderState::ALL {
            for &action in TicketAction::ALL {
                if let Some(after) = next(state, action) {
                    writeln!(
                        table,
                        "{:<10} {:<13} -> {}",
                        state.name(),
                        action.name(),
                        after.name()
                    )
                    .unwrap();
                }
            }
        }
        insta::assert_snapshot!(table);
    }
}
