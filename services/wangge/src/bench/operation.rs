//! The operations that are measured, and what is asked of them.

use clap::ValueEnum;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// `CreateTicket`.
    Create,
    /// `GetTicket`.
    Get,
    /// `ListTickets`, 50 on a page.
    List,
    /// `DispatchTicket`.
    Dispatch,
}

impl Operation {
    /// All of them, in the order in which they are measured.
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Get, Self::List, Self::Dispatch];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list",
            Self::Dispatch => "dispatch",
        }
    }

    /// How much of the bare database's rate is asked for, on a machine of two
    /// cores with the load generator and the database on it.
    pub(crate) fn target(self) -> f64 {
        match self {
            Self::Create | Self::Dispatch => 1.0,
            Self::Get | Self::List => 0.5,
        }
    }
}
