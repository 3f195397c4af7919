//! Projectors of the feeds that the service consumes.

pub mod organization;
pub mod volunteers;
