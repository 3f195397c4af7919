//! The organization service over real gRPC and a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod addresses;
mod appointments;
mod areas;
mod co_governance;
mod contract;
mod days;
mod ends;
mod feed;
mod imports;
mod locate;
mod overload;
mod people;
mod process;
mod residents;

mod support;
mod tree;
mod units;
