//! Write use cases, one per file: load, decide, save with the event, return.
//! All verbs on a ticket share one use case, since a verb is data.

pub mod act_on_ticket;
pub mod create_category;
pub mod create_responsibility;
pub mod create_ticket;
pub mod dispatch_ticket;
pub mod ground;
pub mod import_records;
pub mod import_ticket;
pub mod route_waiting;
