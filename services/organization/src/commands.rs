//! Write use cases, one per file: load, decide, save, append the event, return.

pub mod area_tree;
mod context;
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

pub use wangge_record_store::CallContext;
