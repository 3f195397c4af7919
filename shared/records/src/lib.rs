//! Plain records: what is entered, read, listed, changed, ended and loaded in
//! the same way whatever it is. How that is done is decided here, once; what a
//! kind of record is, which rules it keeps and which table holds it is the
//! service's.
//!
//! A kind of record takes a struct with its rules ([`Record`], in `domain`), a
//! table ([`kept!`], in `store`), its shape on the wire ([`wire!`]) and its
//! methods ([`serve!`], both in `api`). One with states has these, and what can be
//! done in each, as data ([`states!`]). It refuses to know any kind of record
//! by name, and to write a record without the event that tells of it.

pub mod checks;
pub mod claims;
pub mod course;
pub mod end;
pub mod etag;
pub mod event;
pub mod field;
pub mod ground;
pub mod kept;
pub mod list;
pub mod load;
pub mod page;
pub mod read;
pub mod record;
pub mod serve;
pub mod wire;
pub mod write;

pub use checks::Checks;
pub use claims::Claims;
pub use course::{Course, Stateful, States, Step};
pub use end::End;
pub use field::{Note, Text};
pub use ground::{Days, Found, Ground, Known};
pub use kept::{Filter, Kept, Listed};
pub use list::Listing;
pub use record::{Dated, Head, Record, Reference, Told};
pub use wire::Wire;
pub use write::{Call, Host};

/// What the macros name, so that a service needs no dependency for them.
#[doc(hidden)]
pub mod macros {
    pub use {chrono, prost_types, serde_json, sqlx, tonic, uuid};
    pub use {wangge_api, wangge_auth, wangge_pg};
}
