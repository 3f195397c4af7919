//! The `organization` service: areas, units, people and residents.
//!
//! It owns the tree of areas with their boundaries, the address book, the tree
//! of units, the people who hold posts and their appointments; estates,
//! buildings, households and residents, with what they need and the roles that
//! they take on; the memberships of co-governance and the seats of the big
//! committee; and the figures that communities published about themselves.
//!
//! It guarantees that codes are never reused, that every change is published
//! exactly once in its feed with the record's revision, and that an exclusive post
//! has at most one holder a day. It returns the grid that contains a point or an
//! address.
//!
//! It refuses to store phone or identity numbers, to publish people in its feed,
//! and to return records outside the caller's area.

pub mod api;
mod app;
pub mod commands;
pub mod domain;
pub mod error;
pub mod events;
mod import;
pub mod places;
mod process;
pub mod store;
mod watch;

pub use app::App;

/// Name of the service in settings, logs and metrics.
pub const NAME: &str = "organization";

/// Default port of the gRPC server.
pub const PORT: u16 = 7401;

/// Migrations of the service's database. They run after the shared ones.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
