//! Records, the pure floor: what a kind of record is, its rules, its lifecycle and
//! its references to other records.
//!
//! It refuses all I/O, by its manifest: no database, no gRPC, no async runtime.
//! Storage, API and import each have a crate of their own above it
//! (`wangge-record-store`, `-api`, `-import`), so that a service's `domain` depends
//! on this crate and the kernel only.

pub mod change;
pub mod checks;
pub mod end;
pub mod etag;
pub mod lifecycle;
pub mod record;
pub mod reference;
pub mod states;
pub mod text;

pub use change::{Change, NoAction};
pub use checks::Checks;
pub use end::End;
pub use lifecycle::{Lifecycle, Stateful, Step};
pub use record::{Dated, EventSummary, Metadata, Record};
pub use reference::{Days, Key, Reference, ResolvedReference};
pub use states::States;
pub use text::{Code, Note, Text};
