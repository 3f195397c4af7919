//! The tickets service owns tickets from report to close: their dispatch orders,
//! deadline clocks and histories. It routes tickets by its own copy of
//! organization's reference data, so it accepts reports while organization is down.
//!
//! It also owns the community work that tickets arise from: chat groups and duty
//! rosters, livelihood matters, meetings and deliberations, fieldwork.
//!
//! It creates no areas or units, and computes no figures.

mod api;
mod app;
mod commands;
mod consumers;
mod domain;
mod error;
mod events;
mod reference;
mod store;
mod watch;

pub use app::{App, Feeds};

/// Name of the service in feeds and file names.
pub const NAME: &str = "tickets";

/// Default port that the service listens on.
pub const PORT: u16 = 7402;

/// Migrations of the service's database schema.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
