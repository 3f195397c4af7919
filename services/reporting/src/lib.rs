//! The reporting service: projections of the other services' records, and the
//! figures counted over them, each with the ids behind it; and the wall of a community's
//! hall, as data and as pages. Everything it keeps
//! comes from the feeds and can be made again from them.
//!
//! It makes no record of its own and keeps nothing personal.

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

/// Name of the service.
pub const NAME: &str = "reporting";

/// Port on which the service listens unless it is told another.
pub const PORT: u16 = 7404;

/// Schema of the service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
