//! Records, the storage floor: the tables of the kinds of records, their lists, the
//! resolution of their references, and their writes, each in one transaction with its
//! event and its request id.
//!
//! It refuses to know any kind of record by name, and to write a record without the
//! event that reports it.

pub mod claims;
pub mod correction;
mod define_table;
pub mod event;
pub mod listing;
pub mod read;
pub mod references;
pub mod table;
pub mod write;

pub use claims::Claims;
pub use listing::Listing;
pub use references::{ReferenceResolver, ResolvedReferences};
pub use table::{Filter, Listed, RecordTable};
pub use write::{CallContext, RecordContext};
