//! The measured operations and their targets.

use clap::ValueEnum;

/// A measured operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// `CreateTicket`.
    Create,
    /// `GetTicket`.
    Get,
    /// `ListTickets`, 50 per page.
    List,
    /// `DispatchTicket`.
    Dispatch,
}

impl Operation {
    /// All operations, in the order in which they are measured.
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Get, Self::List, Self::Dispatch];

    /// Returns the name of the operation.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list",
            Self::Dispatch => "dispatch",
        }
    }

    /// Returns the required rate relative to the bare database, on a machine with two cores that
    /// also runs the load generator and the database.
    pub(crate) fn target(self) -> f64 {
        match self {
            Self::Create | Self::Dispatch => 1.0,
            Self::Get | Self::List => 0.5,
        }
    }
}
