//! Who may call what, generated from the policies.

mod matrix;
mod scope;
