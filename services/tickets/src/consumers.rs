//! Consumers of other services' feeds, which maintain local copies of their records.

pub mod organization;
pub mod volunteers;
