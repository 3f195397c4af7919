//! The four services: names, ports, contracts and migrations.

use clap::ValueEnum;
use sqlx::migrate::Migrator;

/// The name of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceName {
    /// Areas and grids, units, people and appointments.
    Organization,
    /// Tickets and dispatch orders.
    Tickets,
    /// Volunteers, stations and services; officials' registrations and visits.
    Volunteers,
    /// Reports: figures, the case table and the wall.
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

    /// Returns the name, which is also the name of the service's database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => wangge_organization::NAME,
            Self::Tickets => wangge_tickets::NAME,
            Self::Volunteers => wangge_volunteers::NAME,
            Self::Reporting => wangge_reporting::NAME,
        }
    }

    /// Returns the full name of a gRPC service that only this service implements; its
    /// health is reported under this name.
    pub(crate) fn contract(self) -> &'static str {
        match self {
            Self::Organization => "wangge.organization.v1.AreaService",
            Self::Tickets => "wangge.tickets.v1.TicketService",
            Self::Volunteers => "wangge.volunteers.v1.OfficialService",
            Self::Reporting => "wangge.reporting.v1.WallService",
        }
    }

    /// Returns the default port.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Organization => wangge_organization::PORT,
            Self::Tickets => wangge_tickets::PORT,
            Self::Volunteers => wangge_volunteers::PORT,
            Self::Reporting => wangge_reporting::PORT,
        }
    }

    /// Returns the migrations of the service's database.
    pub(crate) fn migrator(self) -> &'static Migrator {
        match self {
            Self::Organization => &wangge_organization::MIGRATOR,
            Self::Tickets => &wangge_tickets::MIGRATOR,
            Self::Volunteers => &wangge_volunteers::MIGRATOR,
            Self::Reporting => &wangge_reporting::MIGRATOR,
        }
    }
}
