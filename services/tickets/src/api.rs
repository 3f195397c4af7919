//! gRPC handlers: convert request messages to domain values, call commands or
//! queries, and convert the results back. They contain no business rules.

pub(crate) mod categories;
mod chat_groups;
mod deliberations;
mod duty_shifts;
mod fieldwork;
mod livelihood;
pub(crate) mod messages;
mod tickets;

pub(crate) use categories::Categories;
pub(crate) use chat_groups::ChatGroups;
pub(crate) use deliberations::Deliberations;
pub(crate) use duty_shifts::DutyShifts;
pub(crate) use fieldwork::Fieldwork;
pub(crate) use livelihood::Livelihood;
pub(crate) use tickets::Tickets;

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_record_api::service::{id, optional_id};

/// Parses an id supplied by the caller, or generates one if it is empty.
fn given_or_new_id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    // Version 7 is ordered by time, so new rows go to the end of the primary key's index.
    Ok(optional_id(text, field)?.unwrap_or_else(Uuid::now_v7))
}
