//! What other services' events do here.

pub mod organization;
