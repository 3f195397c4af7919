//! Projectors, which apply the events of other services to the local tables.

pub mod organization;
