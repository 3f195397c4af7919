//! What service tests stand on: a PostgreSQL of their own with a database for
//! each test, servers on free ports, tokens, refusals and records taken apart. It
//! never skips: without PostgreSQL a test fails and says what to install.

mod database;
mod fields;
mod refusals;
mod server;
mod token;

pub use database::{database, empty_database, postgres_url};
pub use fields::fields_of;
pub use refusals::{fields, precondition, reason, retry_after};
pub use server::{HANG_TIMEOUT, channel, eventually, serve, serve_with, stream_channel};
pub use token::{expired_token, issuer, token, verifier};
