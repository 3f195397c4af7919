//! Maps domain errors and violated constraints to refusals.

use wangge_api::refusal::{self, FieldViolation, Refusal};
use wangge_pg::error::{Constraint, Rule};

use crate::domain::denied::Denied;

/// The schema's constraints that a request can violate, each with the field that caused it.
pub(crate) static CONSTRAINTS: &[Constraint] = &[
    Constraint {
        name: "ticket_pkey",
        kind: "ticket",
        field: "ticket.id",
        rule: Rule::Unique,
    },
    // A ticket is inserted by one statement with several inserts, whose order
    // PostgreSQL doesn't guarantee: for an existing ticket, this key may be violated
    // first.
    Constraint {
        name: "ticket_history_pkey",
        kind: "ticket",
        field: "ticket.id",
        rule: Rule::Unique,
    },
    // Only imports supply ids of orders, so the field is one of an imported history.
    Constraint {
        name: "ticket_order_pkey",
        kind: "order",
        field: "history.orders.id",
        rule: Rule::Unique,
    },
    Constraint {
        name: "category_pkey",
        kind: "category",
        field: "category.id",
        rule: Rule::Unique,
    },
    Constraint {
        name: "category_code_unique",
        kind: "category",
        field: "category.code",
        rule: Rule::Unique,
    },
    Constraint {
        name: "responsibility_pkey",
        kind: "responsibility",
        field: "responsibility.id",
        rule: Rule::Unique,
    },
    Constraint {
        name: "responsibility_category_area_unique",
        kind: "responsibility",
        field: "responsibility.area_code",
        rule: Rule::Unique,
    },
];

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::State {
                kind,
                state,
                action,
            } => Self::state_conflict(kind, state, action),
            Denied::Guard {
                guard,
                kind,
                description,
            } => Self::guard(guard, kind, description),
            Denied::NoSuchOrder => Self::not_found("order", ""),
            Denied::Fields(fields) => Self::fields(
                fields
                    .into_iter()
                    .map(|(field, what)| FieldViolation::new(field, refusal::Rule::Required, what))
                    .collect(),
            ),
        }
    }
}
