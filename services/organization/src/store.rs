//! All SQL statements of the service, in one file per kind of record. Every function
//! accepts a scope and returns no record outside it.

mod address;
mod appointment;
pub mod area;
pub mod area_tree;
pub mod counts;
mod one_name;
pub mod place;
pub mod records;
pub mod unit;
