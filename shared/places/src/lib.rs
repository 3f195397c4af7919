//! Locates points and addresses in areas. It works on the boundaries and the
//! address book that it is given and stores nothing itself.

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
