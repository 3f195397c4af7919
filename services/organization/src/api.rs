//! gRPC layer of the service: converts requests to drafts and commands, and
//! records to response messages. It makes no decisions.

pub mod areas;
pub mod co_governance;
pub mod estates;
mod page;
pub mod people;
mod published_figures;
pub mod residents;
pub mod units;
mod vacancies;
