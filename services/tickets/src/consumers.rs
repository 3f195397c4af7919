//! Feeds that the service applies.

pub mod organization;
pub mod volunteers;
