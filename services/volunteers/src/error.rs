//! Maps the constraints of the schema to the request fields that they are about. No
//! call can violate a constraint that isn't listed here; a violation of one is a
//! bug and returns an internal error. The constraints of registrations aren't listed
//! because the statements that meet them handle the conflict themselves: the insert
//! does nothing on conflict, and the command that ends one maps the violation.

use wangge_pg::{Constraint, error::Rule};

use crate::domain::check_in_visit;

/// The constraints that a call can violate, for `transact`.
pub(crate) const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        name: "check_in_visit_pkey",
        kind: check_in_visit::KIND,
        field: "check_in_visit.id",
        rule: Rule::Unique,
    },
    Constraint {
        name: "shift_overlap",
        kind: "shift",
        field: "the volunteer's time",
        rule: Rule::Guard("shift_overlaps"),
    },
];
