//! The four services by name: their ports, databases and migrations.

use clap::ValueEnum;
use sqlx::migrate::Migrator;

/// One of the four services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceName {
    /// Areas and grids, units, people and appointments.
    Organization,
    /// Tickets and dispatch orders.
    Tickets,
    /// Registrations, volunteers, stations and projects.
    Volunteers,
    /// Figures and the wall.
    Reporting,
}

impl ServiceName {
    /// All services, in the order in which records are imported.
    pub(crate) const ALL: [Self; 4] = [
        Self::Organization,
        Self::Tickets,
        Self::Volunteers,
        Self::Reporting,
    ];

    /// Returns its name, which is also the name of its database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => wangge_organization::NAME,
            Self::Tickets => wangge_tickets::NAME,
            Self::Volunteers => wangge_volunteers::NAME,
            Self::Reporting => wangge_reporting::NAME,
        }
    }

    /// Returns the full name of a contract that only this service serves; its health is
    /// reported under it.
    pub(crate) fn contract(self) -> &'static str {
        match self {
            Self::Organization => "wangge.organization.v1.AreaService",
            Self::Tickets => "wangge.tickets.v1.TicketService",
            Self::Volunteers => "wangge.volunteers.v1.OfficialService",
            Self::Reporting => "wangge.reporting.v1.WallService",
        }
    }

    /// Returns its default port.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Organization => wangge_organization::PORT,
            Self::Tickets => wangge_tickets::PORT,
            Self::Volunteers => wangge_volunteers::PORT,
            Self::Reporting => wangge_reporting::PORT,
        }
    }

    /// Returns the migrations of its database.
    pub(crate) fn migrator(self) -> &'static Migrator {
        match self {
            Self::Organization => &wangge_organization::MIGRATOR,
            Self::Tickets => &wangge_tickets::MIGRATOR,
            Self::Volunteers => &wangge_volunteers::MIGRATOR,
            Self::Reporting => &wangge_reporting::MIGRATOR,
        }
    }
}
