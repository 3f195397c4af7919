//! Write use cases of areas, one per file: load, decide, save, append the event, return.
//! Other records are written by `wangge-record-store`, with the context that it needs.

mod area_tree;
pub mod context;
pub mod create_area;
pub mod update_area;

pub use wangge_record_store::CallContext;
