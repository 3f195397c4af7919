//! Errors of the domain, independent of the API.

use wangge_kernel::refusal::Guard;

/// Reason why the domain rejects an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The action is illegal in the current state.
    State {
        /// The record that has the state: `ticket` or `order`.
        kind: &'static str,
        /// Name of the current state.
        state: &'static str,
        /// Name of the action.
        action: &'static str,
    },
    /// A guard of the action failed.
    Guard {
        /// The guard.
        guard: Guard,
        /// The record that it concerns: `ticket` or `order`.
        kind: &'static str,
        /// Description of the problem.
        description: &'static str,
    },
    /// The ticket has no order with the id.
    NoSuchOrder,
    /// Fields of a report that break a rule: (field, description).
    Fields(Vec<(&'static str, &'static str)>),
}
