//! The tickets service: takes reports and brings them to a close through
//! dispatch orders, keeps their clocks and their histories, and routes them
//! from its own copy of organization's reference data, so that a report is
//! taken while organization is down.
//!
//! Beside them it keeps the work of communities that tickets come from: chat
//! groups and duty, livelihood matters, meetings and deliberations, fieldwork.
//!
//! It makes no area and no unit, and counts no figure.

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

/// Name of the service, as feeds and files bear it.
pub const NAME: &str = "tickets";

/// Port on which the service listens unless it is told another.
pub const PORT: u16 = 7402;

/// Schema of the service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
