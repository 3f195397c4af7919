//! Write use cases, one per file: each loads what it needs, decides, saves the
//! change with its event in one transaction or statement, and returns the record.
//! All verbs on a ticket share one use case, since a verb is data.

pub mod act_on_ticket;
pub mod context;
pub mod create_category;
pub mod create_responsibility;
pub mod create_ticket;
pub mod dispatch_ticket;
pub mod route_waiting;
