//! Write use cases, one a file: load, decide, save, append, return.

pub mod create_address;
pub mod create_appointment;
pub mod create_area;
pub mod create_figure;
pub mod create_person;
pub mod create_unit;
pub mod end_appointment;
pub mod import_records;
pub mod references;
pub mod update_area;
pub mod update_unit;

use wangge_auth::RecordScope;
use wangge_pg::request::RequestKey;

/// What a call brings besides its content.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which records the caller reaches.
    pub scope: RecordScope,
    /// By which a repetition is known.
    pub key: RequestKey,
}
