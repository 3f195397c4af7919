//! Every SQL statement of the service. Functions that read records take a
//! scope: what lies outside it is not there.

pub mod category;
pub mod copies;
pub mod gathered;
pub mod history;
pub mod reference;
pub mod ticket;
pub mod ticket_write;
