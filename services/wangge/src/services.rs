//! The four services by name: their ports, databases and schemas.

use clap::ValueEnum;
use sqlx::migrate::Migrator;

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceName {
    /// Areas and grids, units, people and appointments.
    Organization,
    /// Tickets and dispatch orders.
    Tickets,
    /// Officials' registrations and visits.
    Volunteers,
    /// Figures.
    Reporting,
}

impl ServiceName {
    /// All of them, in the order in which records are loaded.
    pub(crate) const ALL: [Self; 4] = [
        Self::Organization,
        Self::Tickets,
        Self::Volunteers,
        Self::Reporting,
    ];

    /// Its name, which is its database's name too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => wangge_organization::NAME,
            Self::Tickets => wangge_tickets::NAME,
            Self::Volunteers => wangge_volunteers::NAME,
            Self::Reporting => wangge_reporting::NAME,
        }
    }

    /// Full name of a contract that it alone serves, under which its health is
    /// known.
    pub(crate) fn contract(self) -> &'static str {
        match self {
            Self::Organization => "wangge.organization.v1.AreaService",
            Self::Tickets => "wangge.tickets.v1.TicketService",
            Self::Volunteers => "wangge.volunteers.v1.OfficialService",
            Self::Reporting => "wangge.reporting.v1.WallService",
        }
    }

    /// Its port.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Organization => wangge_organization::PORT,
            Self::Tickets => wangge_tickets::PORT,
            Self::Volunteers => wangge_volunteers::PORT,
            Self::Reporting => wangge_reporting::PORT,
        }
    }

    /// Its schema.
    pub(crate) fn migrator(self) -> &'static Migrator {
        match self {
            Self::Organization => &wangge_organization::MIGRATOR,
            Self::Tickets => &wangge_tickets::MIGRATOR,
            Self::Volunteers => &wangge_volunteers::MIGRATOR,
            Self::Reporting => &wangge_reporting::MIGRATOR,
        }
    }
}
