//! The generated validators.
#![allow(clippy::all, missing_docs, unused_mut, unused_variables, dead_code)]

include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
