//! The policies that methods declare in their contracts. They are enforced by
//! `wangge-auth`.

pub use crate::options::v1::{Idempotency, Role, Scope};

/// The policy that a method declares in its contract.
#[derive(Debug, PartialEq, Eq)]
pub struct MethodPolicy {
    /// Path in HTTP/2 requests, e.g. `/wangge.tickets.v1.TicketService/GetTicket`.
    pub path: &'static str,
    /// Roles that may call the method; the caller needs one of them.
    pub roles: &'static [Role],
    /// Determines the records that the caller can access.
    pub scope: Scope,
    /// Determines whether and how a call can be retried.
    pub idempotency: Idempotency,
    /// True if requests or responses are a stream.
    pub streaming: bool,
    /// True if requests are a stream.
    pub client_streaming: bool,
}

include!(concat!(env!("OUT_DIR"), "/policies.rs"));
