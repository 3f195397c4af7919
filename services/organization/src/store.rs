//! All SQL statements of the service, in one file per kind of record. Every function
//! accepts a scope and returns no record outside it.

pub mod address;
pub mod appointment;
pub mod area;
pub mod area_tree;
mod codes;
pub mod counts;
pub mod figure;
pub mod loaded;
mod one_name;
pub mod person;
pub mod place;
pub mod records;
pub mod unit;

use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::transaction::Failure;

/// A record with its position in the order of entry, which lists are sorted by.
#[derive(Debug, Clone)]
pub struct Entered<T> {
    /// Position in the order of entry.
    pub entry: i64,
    /// The record as it is stored.
    pub record: T,
}

/// Rejects a record whose area is out of scope. A second line of defence: the command
/// has checked the area already.
fn write_in(scope: &RecordScope, area_code: &str) -> Result<(), Failure> {
    if scope.covers(area_code) {
        Ok(())
    } else {
        // The same refusal as for an area that doesn't exist, so that it reveals nothing
        // about areas outside the scope.
        Err(Refusal::unknown_reference("area_code", "area").into())
    }
}
