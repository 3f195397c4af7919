//! The reporting service: projections of the other services' records, the figures
//! computed from them, each with the ids of its records, and the wall of a community's
//! hall, as data and as web pages. All its data come from the feeds and can be rebuilt
//! from them.
//!
//! It creates no records of its own and stores no personal data.

mod api;
mod app;
mod case;
mod figures;
mod period;
mod projections;
mod pulse;
mod queries;
mod store;
mod wall;
mod wall_args;

pub use api::Shown;
pub use app::{App, Sources};
pub use wall_args::WallArgs;

/// Name of the service in settings, logs and metrics.
pub const NAME: &str = "reporting";

/// Default port of the gRPC server.
pub const PORT: u16 = 7404;

/// Migrations of the service's database. They run after the shared ones.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
