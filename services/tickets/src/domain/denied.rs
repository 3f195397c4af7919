//! Denials: the errors of the domain's decisions.

/// Reason why the domain denies an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The action is not legal in the current state.
    State {
        /// Kind of the record: `ticket` or `order`.
        kind: &'static str,
        /// Name of the current state.
        state: &'static str,
        /// Name of the action.
        action: &'static str,
    },
    /// A guard of the action is not satisfied.
    Guard {
        /// Stable name of the guard.
        name: &'static str,
        /// Kind of the record that it concerns.
        kind: &'static str,
        /// Description of the violation, for the caller.
        description: &'static str,
    },
    /// The ticket has no such order.
    NoSuchOrder,
    /// Fields of a report are invalid: pairs of field and description.
    Fields(Vec<(&'static str, &'static str)>),
}
