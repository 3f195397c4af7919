//! The contracts, in and out: messages become values of the domain and back.
//! Nothing is decided here.

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
use wangge_api::refusal::{FieldViolation, Reason, Refusal};

/// An id of a message; `field` is named if it is none.
fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, "string.uuid", "must be a UUID"))
}

/// An id that may be left out.
fn optional_id(text: &str, field: &str) -> Result<Option<Uuid>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

/// An id given by the caller, or a new one.
fn given_or_new_id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    Ok(optional_id(text, field)?.unwrap_or_else(Uuid::now_v7))
}

/// The page token is not one of this list's.
fn bad_page_token(_: wangge_kernel::page::TokenMismatch) -> Refusal {
    let what = "is not a token of this list with these arguments";
    Refusal {
        reason: Reason::PageTokenInvalid,
        ..Refusal::fields(vec![FieldViolation::new("page_token", "page_token", what)])
    }
}
