//! Where a point or an address lies. It knows boundaries and the address book
//! as it was given them, and keeps nothing.

pub mod address;
pub mod boundary;
pub mod coordinates;
mod index;

pub use index::PlaceIndex;
