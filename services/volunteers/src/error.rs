//! Maps the constraints of the schema to the request fields that they are about. No
//! call can violate a constraint that isn't listed here; a violation of one is a
//! bug and returns an internal error. Conflicts of ids and of exclusive values aren't
//! listed: the statements that meet them report them.

use wangge_api::refusal::Guard;
use wangge_pg::{Constraint, error::Rule};

/// The constraints that a call can violate, for `transact`.
pub(crate) const CONSTRAINTS: &[Constraint] = &[Constraint {
    name: "shift_overlap",
    kind: "shift",
    field: "the volunteer's time",
    rule: Rule::Guard(Guard::ShiftOverlaps),
}];
