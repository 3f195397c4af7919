//! From a community's files to its figures, with the real binary.

mod import;
mod load;
mod picture;
mod recount;
mod second;
