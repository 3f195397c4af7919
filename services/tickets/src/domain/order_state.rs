//! The state machine of dispatch orders.

use wangge_kernel::coded_enum;

use super::ticket_state::TicketAction;

coded_enum! {
    /// Whether a unit leads or assists, numbered as in the contract.
    OrderRole {
        /// The one lead unit.
        Lead = 1 => "lead",
        /// An assisting unit.
        Assisting = 2 => "assisting",
    }
}

coded_enum! {
    /// State of an order, numbered as in the contract. Orders up to 5 are
    /// live: they open the ticket to their unit.
    OrderState {
        /// Issued to the unit, which has not answered yet.
        Issued = 1 => "issued",
        /// Accepted: the unit's response.
        Accepted = 2 => "accepted",
        /// A handler is at work on it.
        Handling = 3 => "handling",
        /// The unit has reported its result.
        Submitted = 4 => "submitted",
        /// The result was confirmed.
        Confirmed = 5 => "confirmed",
        /// Sent back: not the unit's business. Final.
        Returned = 6 => "returned",
        /// Disputed. Final.
        Refused = 7 => "refused",
        /// Taken back. Final.
        Withdrawn = 8 => "withdrawn",
    }
}

coded_enum! {
    /// Why an order is returned, numbered as in the contract.
    ReturnReason {
        /// The place is not in the unit's area.
        NotOurArea = 1 => "not_our_area",
        /// The matter is not among the unit's duties.
        NotOurDuty = 2 => "not_our_duty",
        /// Something needed to begin is missing.
        InformationMissing = 3 => "information_missing",
        /// Another reason, given in words.
        Other = 4 => "other",
    }
}

impl OrderState {
    /// The unit holds the order: it sees the ticket and can act.
    pub fn is_live(self) -> bool {
        self <= Self::Confirmed
    }

    /// The unit's part is not finished yet.
    pub fn is_open(self) -> bool {
        self <= Self::Submitted
    }
}

/// The state of an order after an action; none if the action is not legal.
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
