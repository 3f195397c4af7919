//! Resources, the import floor: loading records with a past, many at a time, each
//! with an outcome of its own; and dry runs, which load nothing.

pub mod claims;
pub mod rows;

pub use claims::read_claims;
