//! Which field each constraint of the schema guards. Constraints that are not
//! named here can't be violated by any call; if one is, that is a fault of ours.
//! Those of registrations are met without being violated: see their insert.

use wangge_pg::{Constraint, error::Rule};

use crate::domain::check_in_visit;

/// The constraints that a call can violate.
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
