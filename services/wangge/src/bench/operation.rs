//! The operations that can be measured, and their targets.

use clap::ValueEnum;

/// A call that the benchmark measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// Calls `CreateTicket` with a new report.
    Create,
    /// Calls `GetTicket` on random tickets.
    Get,
    /// Calls `ListTickets` with 50 tickets per page.
    List,
    /// Calls `DispatchTicket` on filed tickets.
    Dispatch,
}

impl Operation {
    /// All operations, in the order of measurement.
    pub(crate) const ALL: [Self; 4] = [Self::Create, Self::Get, Self::List, Self::Dispatch];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list",
            Self::Dispatch => "dispatch",
        }
    }

    /// Returns the target for the ratio of our rate to the baseline, on a machine with
    /// two cores that also runs the load generator and the database.
    pub(crate) fn target(self) -> f64 {
        match self {
            Self::Create | Self::Dispatch => 1.0,
            Self::Get | Self::List => 0.5,
        }
    }
}
