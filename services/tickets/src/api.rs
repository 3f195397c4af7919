//! Implements the contracts: converts messages to domain values and back. It makes
//! no decisions.

mod categories;
mod chat_groups;
mod deliberations;
mod duty_shifts;
mod fieldwork;
mod imports;
mod livelihood;
mod messages;
mod past;
mod tickets;

pub(crate) use categories::Categories;
pub(crate) use chat_groups::ChatGroups;
pub(crate) use deliberations::Deliberations;
pub(crate) use duty_shifts::DutyShifts;
pub(crate) use fieldwork::Fieldwork;
pub(crate) use imports::Imports;
pub(crate) use livelihood::Livelihood;
pub(crate) use tickets::Tickets;

use uuid::Uuid;
use wangge_api::{
    errors::v1::Reason,
    refusal::{FieldViolation, Refusal},
};

/// Parses an id of a message; the error names `field`.
fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, "string.uuid", "must be a UUID"))
}

/// Parses an id that may be empty.
fn optional_id(text: &str, field: &str) -> Result<Option<Uuid>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

/// Parses the id that the caller supplied, or generates a new one.
fn given_or_new_id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Ok(optional_id(text, field)?.unwrap_or_else(Uuid::now_v7))
}

/// Returns the refusal of a page token that belongs to another list.
fn bad_page_token(_: wangge_kernel::page::TokenMismatch) -> Refusal {
    let what = "is not a token of this list with these arguments";
    Refusal {
        reason: Reason::PageTokenInvalid,
        ..Refusal::fields(vec![FieldViolation::new("page_token", "page_token", what)])
    }
}
