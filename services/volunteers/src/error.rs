//! Maps constraints of the schema to the request fields that they guard. A constraint
//! that isn't listed here can't be violated by a call; if it is, that is a bug here.
//! Those of registrations are never violated: their insert skips conflicting rows.

use wangge_pg::{Constraint, error::Rule};

use crate::domain::check_in_visit;

/// The constraints that a call can violate.
pub(crate) const CONSTRAINTS: &[Constraint] = &[
    // Callers may choose the id; if it is in use, only the insert finds that out.
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
