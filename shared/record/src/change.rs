//! The kinds of change that are made to a record, as its guards see them.

/// A change that is made to a record. `A` is the enum of its kind's actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<A> {
    /// The record is created or imported.
    Create,
    /// Fields of the record are updated.
    Update,
    /// The record ends on a day.
    End,
    /// An end that was entered by mistake is changed or removed.
    CorrectEnd,
    /// An action leads the record to another state.
    Act(A),
}

/// The actions of kinds without a lifecycle: there are none.
pub type NoAction = std::convert::Infallible;
