//! Records, the API floor: the mapping between a kind of record and its message, and
//! the gRPC methods that every kind has. It refuses to know any kind by name, and to
//! write to the database: it reads requests, calls `wangge-record-store` and builds
//! responses.

pub mod end;
pub mod field;
pub mod list;
pub mod page;
pub mod proto_mapping;
mod record_service;
pub mod service;

pub use proto_mapping::ProtoMapping;
