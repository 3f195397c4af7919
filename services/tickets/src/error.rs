//! Maps denials of the domain and violated constraints to refusals.

use wangge_api::refusal::{FieldViolation, Refusal};
use wangge_pg::error::{Constraint, Rule};

use crate::domain::denied::Denied;

/// Named constraints of the schema, each with the field that it guards.
pub(crate) static CONSTRAINTS: &[Constraint] = &[
    Constraint {
        name: "ticket_pkey",
        kind: "ticket",
        field: "ticket.id",
        rule: Rule::Unique,
    },
    // PostgreSQL may run the inserts of one statement in any order, so a duplicate
    // ticket may violate the key of its history first.
    Constraint {
        name: "ticket_history_pkey",
        kind: "ticket",
        field: "ticket.id",
        rule: Rule::Unique,
    },
    // Only imports supply ids of orders; dispatches generate them.
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
                name,
                kind,
                description,
            } => Self::guard(name, kind, description),
            Denied::NoSuchOrder => Self::not_found("order", ""),
            Denied::Fields(fields) => Self::fields(
                fields
                    .into_iter()
                    .map(|(field, what)| FieldViolation::new(field, "required", what))
                    .collect(),
            ),
        }
    }
}
