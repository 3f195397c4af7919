//! The tickets service: accepts reports, tracks them to their close through dispatch
//! orders, and maintains their clocks and histories. It routes reports with its own
//! copy of organization's reference data, so that it accepts them even if
//! organization is down.
//!
//! It also owns the records of community work that tickets originate from: chat
//! groups and duty shifts, livelihood matters, meetings and deliberations, fieldwork.
//!
//! It doesn't create areas or units, and doesn't compute figures.

mod api;
mod app;
mod commands;
mod consumers;
mod domain;
mod error;
mod events;
mod import;
mod process;
mod reference;
mod store;
mod watch;

pub use app::{App, Feeds};

/// Name of the service, as used in feeds and file names.
pub const NAME: &str = "tickets";

/// Default port that the service listens on.
pub const PORT: u16 = 7402;

/// Migrations of the service's database, embedded in the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
