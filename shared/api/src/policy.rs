//! What each method declares about who may call it. Deciding whether a given
//! caller may is `wangge-auth`'s work.

pub use crate::options::v1::{Idempotency, Role, Scope};

/// The policy that a method declares in its contract.
#[derive(Debug, PartialEq, Eq)]
pub struct MethodPolicy {
    /// Path on the wire, e.g. `/wangge.tickets.v1.TicketService/GetTicket`.
    pub path: &'static str,
    /// Roles of which the caller needs one.
    pub roles: &'static [Role],
    /// Which records the caller reaches.
    pub scope: Scope,
    /// How a call can be repeated.
    pub idempotency: Idempotency,
    /// Whether requests or answers are a stream.
    pub streaming: bool,
    /// Whether requests are a stream.
    pub client_streaming: bool,
}

include!(concat!(env!("OUT_DIR"), "/policies.rs"));
