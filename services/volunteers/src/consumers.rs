//! Projectors that apply the events of other services.

pub mod organization;
