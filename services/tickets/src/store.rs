//! Every SQL statement of the service. Functions that read records accept a scope;
//! records outside it are treated as missing.

pub mod category;
pub mod copies;
pub(crate) mod deliberation;
pub(crate) mod duty_shift;
pub mod gathered;
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
