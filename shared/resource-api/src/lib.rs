//! Resources, the API floor: how a kind of record maps to its message, and the gRPC
//! methods that every kind has.

pub mod end;
pub mod field;
pub mod list;
pub mod page;
pub mod proto_mapping;
pub mod service;

pub use proto_mapping::Wire;
