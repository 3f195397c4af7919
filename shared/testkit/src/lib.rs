//! Fixtures for the services' tests: a PostgreSQL with a database per test, servers on
//! free ports, tokens, a browser, and helpers that parse refusals and records. Tests are never
//! skipped: without PostgreSQL they fail and report what to install.

mod browser;
mod database;
mod documented;
mod fields;
mod refusals;
mod server;
mod token;

pub use browser::browser;
pub use database::{database, empty_database, postgres_url};
pub use documented::{Documented, GENERAL, documented};
pub use fields::assert_columns_are_fields;
pub use refusals::{fields, precondition, reason, retry_after};
pub use server::{HANG_TIMEOUT, channel, eventually, serve, serve_with, stream_channel};
pub use token::{expired_token, issuer, token, verifier};
