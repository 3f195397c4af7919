//! The guards of a ticket: conditions of acts that the state machines don't express.
//! They decide on the ticket alone, and change nothing.

use std::collections::HashSet;

use wangge_kernel::refusal::Guard;

use super::{MAX_ORDERS, Ticket};
use crate::domain::{
    act::{Act, NewOrder},
    denied::Denied,
    order::Order,
    order_state::{OrderRole, OrderState, ReturnReason},
    report::{Moment, TicketSource},
    ticket_state::TicketState,
};

impl Ticket {
    /// Checks conditions that the state machines don't express.
    pub(super) fn guard(&self, act: &Act, moment: &Moment) -> Result<(), Denied> {
        match act {
            Act::FixOnTheSpot { .. } => self.guard_fix(moment),
            Act::Dispatch { orders, .. } => {
                guard_units(orders)?;
                if self.orders.len() + orders.len() > MAX_ORDERS {
                    return Err(guard(
                        Guard::TooManyOrders,
                        "ticket",
                        "a ticket can have at most 100 orders over all rounds: resolve it in \
                         another way",
                    ));
                }
                Ok(())
            }
            Act::Withdraw { order_id, .. } | Act::ConfirmOrder { order_id } => {
                let order = self.order(*order_id).ok_or(Denied::NoSuchOrder)?;
                if order.role == OrderRole::Lead {
                    return Err(guard(
                        Guard::LeadOrder,
                        "order",
                        "the lead order can be changed only together with its ticket",
                    ));
                }
                Ok(())
            }
            Act::Return {
                order_id,
                return_reason,
                ..
            } => {
                let order = self.order(*order_id).ok_or(Denied::NoSuchOrder)?;
                self.guard_return(order, *return_reason)
            }
            // In any other state the state machine rejects the action, with an error that
            // names the state.
            Act::Confirm if self.state == TicketState::Handled => {
                let open =
                    |order: &Order| order.role == OrderRole::Assisting && order.state.is_open();
                if self.orders.iter().any(open) {
                    return Err(guard(
                        Guard::AssistingOpen,
                        "order",
                        "an assisting order is still open",
                    ));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Allows closing on the spot only to the reporter of a matter found on patrol:
    /// nobody else verifies that it was fixed, so the person must have been there.
    fn guard_fix(&self, moment: &Moment) -> Result<(), Denied> {
        if self.source != TicketSource::GridWorker {
            return Err(guard(
                Guard::NotReportedOnPatrol,
                "ticket",
                "only a ticket that was reported on patrol can be fixed on the spot",
            ));
        }
        if self.reporter != moment.actor {
            return Err(guard(
                Guard::NotTheReporter,
                "ticket",
                "only the reporter can report it as fixed on the spot",
            ));
        }
        Ok(())
    }

    /// Rejects a second return by the same unit for the same reason.
    fn guard_return(&self, order: &Order, reason: ReturnReason) -> Result<(), Denied> {
        // A unit gets a new order in each round of dispatch, so all of its orders are
        // checked.
        let before = self.orders.iter().any(|other| {
            other.unit_id == order.unit_id
                && other.state == OrderState::Returned
                && other.return_reason == Some(reason)
        });
        if before {
            return Err(guard(
                Guard::ReturnedBefore,
                "order",
                "the unit has returned this ticket for the same reason before",
            ));
        }
        Ok(())
    }
}

fn guard(guard: Guard, kind: &'static str, description: &'static str) -> Denied {
    Denied::Guard {
        guard,
        kind,
        description,
    }
}

fn guard_units(orders: &[NewOrder]) -> Result<(), Denied> {
    if orders.is_empty() {
        return Err(guard(
            Guard::NoResponsibleUnit,
            "ticket",
            "the duty list has no unit for it: specify one",
        ));
    }
    let mut units = HashSet::new();
    if orders.iter().all(|order| units.insert(order.unit_id)) {
        Ok(())
    } else {
        Err(guard(Guard::UnitTwice, "order", "a unit appears twice"))
    }
}
