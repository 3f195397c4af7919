//! Why the domain says no.

/// A decision against an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The action is not legal in the state.
    State {
        /// What has the state: `ticket` or `order`.
        kind: &'static str,
        /// The state.
        state: &'static str,
        /// The action.
        action: &'static str,
    },
    /// A guard of the action does not hold.
    Guard {
        /// Stable name of the guard.
        name: &'static str,
        /// What it is about.
        kind: &'static str,
        /// What is wrong.
        description: &'static str,
    },
    /// The ticket has no such order.
    NoSuchOrder,
    /// Fields of a report break a rule: (field, what is wrong).
    Fields(Vec<(&'static str, &'static str)>),
}
