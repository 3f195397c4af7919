//! Writes to the projections. Read queries are in `queries`.

pub mod applied;
pub mod facts;
pub mod organization;
pub mod published;
pub mod tickets;
pub mod volunteers;
