//! The state machine of dispatch orders.

use wangge_kernel::coded_enum;

use super::ticket_state::TicketAction;

coded_enum! {
    /// Role of the unit, numbered as in the contract.
    OrderRole {
        /// The lead unit; each dispatch has exactly one.
        Lead = 1 => "lead",
        /// An assisting unit; there may be several.
        Assisting = 2 => "assisting",
    }
}

coded_enum! {
    /// State of an order, numbered as in the contract. Orders in states up to 5 are
    /// live: they give their unit access to the ticket.
    OrderState {
        /// Issued to the unit, which has not responded yet.
        Issued = 1 => "issued",
        /// Accepted by the unit, which is its response.
        Accepted = 2 => "accepted",
        /// A handler is working on it.
        Handling = 3 => "handling",
        /// The unit has reported its result.
        Submitted = 4 => "submitted",
        /// The unit's result was confirmed.
        Confirmed = 5 => "confirmed",
        /// Returned by the unit as not its business. Final.
        Returned = 6 => "returned",
        /// Disputed by the unit, which escalates the ticket. Final.
        Refused = 7 => "refused",
        /// Withdrawn by the dispatcher, or because the lead order or the ticket ended. Final.
        Withdrawn = 8 => "withdrawn",
    }
}

coded_enum! {
    /// Reason for returning an order, numbered as in the contract.
    ReturnReason {
        /// The place is not in the unit's area.
        NotOurArea = 1 => "not_our_area",
        /// The matter is not among the unit's duties.
        NotOurDuty = 2 => "not_our_duty",
        /// Information needed to begin is missing.
        InformationMissing = 3 => "information_missing",
        /// Another reason, given as text.
        Other = 4 => "other",
    }
}

impl OrderState {
    /// Returns true if the unit has access to the ticket through the order and can
    /// act on it.
    pub fn is_live(self) -> bool {
        // SQL statements and indexes contain this comparison by code (`state <= 5`).
        self <= Self::Confirmed
    }

    /// Returns true if the unit's part is not completed yet.
    pub fn is_open(self) -> bool {
        self <= Self::Submitted
    }
}

/// Returns the state of an order after an action, or `None` if the action is
/// illegal.
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
        // A failed check reopens the lead order, although it was confirmed.
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
