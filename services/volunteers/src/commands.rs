//! The use cases that are no methods of a record: imports, and what a clock does; and the
//! context in which records are written.

pub(crate) mod context;
pub(crate) mod expire_claims;
