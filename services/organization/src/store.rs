//! Every SQL statement of the service, a file for each kind of record. A
//! function takes a scope and answers nothing that lies outside it.

pub mod address;
pub mod appointment;
pub mod area;
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

/// A record with its place in the order of entry, by which it is listed.
#[derive(Debug, Clone)]
pub struct Entered<T> {
    /// Place in the order of entry.
    pub entry: i64,
    /// The record.
    pub record: T,
}

/// Lets a record be written only where its place lies in scope: the second
/// wall behind the command, which has looked up the place already.
fn write_in(scope: &RecordScope, area_code: &str) -> Result<(), Failure> {
    if scope.covers(area_code) {
        Ok(())
    } else {
        Err(Refusal::unknown_reference("area_code", "area").into())
    }
}
