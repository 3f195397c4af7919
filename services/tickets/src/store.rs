//! The SQL statements of the service. Functions that read records for a caller accept
//! a scope; records outside of it are treated as missing.

pub mod batched;
pub mod category;
pub mod copies;
pub(crate) mod deliberation;
pub(crate) mod duty_shift;
pub(crate) mod group_message;
pub mod history;
pub mod listing;
pub(crate) mod livelihood_matter;
pub(crate) mod neighbourhood;
mod one_at_a_time;
pub(crate) mod patrol;
pub(crate) mod records;
pub mod reference;
pub mod ticket;
pub mod ticket_write;
