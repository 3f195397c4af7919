//! The generated validators, and what looks at texts.
#![allow(
    clippy::all,
    clippy::restriction,
    missing_docs,
    unused_mut,
    unused_variables,
    dead_code
)]

// The generator names types by their packages.
use crate as wangge;

include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
include!(concat!(env!("OUT_DIR"), "/texts.rs"));
