//! The generated validators and text checks.
#![allow(
    clippy::all,
    clippy::restriction,
    missing_docs,
    unused_mut,
    unused_variables,
    dead_code
)]

// The generated code refers to types by their package paths.
use crate as wangge;

include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
include!(concat!(env!("OUT_DIR"), "/texts.rs"));
