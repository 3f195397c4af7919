//! The volunteers service. Owns officials' registrations with communities and their
//! check-in visits; volunteers with their teams, posts, shifts and training; service
//! events, projects and wishes; stations with their catalogue, providers, subsidies
//! and daily work.
//!
//! Guarantees that the days of two registrations of one official with one community
//! never overlap, that a visit is within the days of its registration when it is
//! recorded, and that each change emits exactly one event. Stores a copy of
//! organization's areas and units, so that it works while organization is down.
//! Stores no data of persons: a person is only an id here. The id is accepted
//! without validation, since no feed delivers persons.

mod api;
mod app;
mod commands;
pub mod consumers;
pub mod domain;
mod error;
mod events;
mod import;
mod process;
mod store;

pub use app::App;

/// Name of the service in the configuration and in feeds.
pub const NAME: &str = "volunteers";

/// Port on which the service listens by default.
pub const PORT: u16 = 7403;

/// Migrations that create the tables of this service.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
