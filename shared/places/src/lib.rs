//! Where a point or an address lies. It knows boundaries and the address book
//! as it was given them, and keeps nothing.

pub mod address;
pub mod boundary;
mod claims;
pub mod coordinates;
mod index;
mod letters;
mod names;
mod numerals;
pub mod plane;
mod rings;

pub use claims::Located;
pub use index::{AddressEntry, PlaceArea, PlaceIndex};
