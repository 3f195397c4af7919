//! Which callers may call which methods, generated from the policies.

mod matrix;
mod scope;

/// Returns a request for every method, framed: valid, and about records that exist.
pub(crate) fn bodies(city: &wangge_tests::City) -> Vec<(&'static str, Vec<u8>)> {
    scope::bodies(city)
}
