//! Who may call what, generated from the policies.

mod matrix;
mod scope;

/// A request for every method, framed: valid, and about records that are
/// there.
pub(crate) fn bodies(city: &wangge_tests::City) -> Vec<(&'static str, Vec<u8>)> {
    scope::bodies(city)
}
