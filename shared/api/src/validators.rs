//! The generated validators, and the generated checks beside them.
#![allow(
    clippy::all,
    clippy::restriction,
    missing_docs,
    unused_mut,
    unused_parens,
    unused_braces,
    unused_variables,
    dead_code
)]

// The generated code refers to types by their package paths.
use crate as wangge;

include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
include!(concat!(env!("OUT_DIR"), "/rules.rs"));
