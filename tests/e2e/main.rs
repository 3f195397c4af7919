//! Tests of the whole platform: authorisation, the way from a community's files to its
//! figures, and behaviour during faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::type_complexity
)]
#![allow(clippy::wrong_self_convention)]

mod authorisation;
mod contracts;
mod errors;
mod faults;
mod feeds;
mod guards;
mod guide;
mod invariants;
mod journey;
mod operator;
mod plans;
mod reflection;
mod schema;
mod states;
mod trace;
mod web;
mod wire;
