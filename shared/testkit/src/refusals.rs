//! Accessors for the parts of a refusal.

use std::time::Duration;

use tonic::Status;
use tonic_types::StatusExt as _;

/// Returns the reason in `ErrorInfo`.
///
/// # Panics
/// Panics if there is none, or if its domain isn't ours: every refusal has one.
pub fn reason(status: &Status) -> String {
    let info = status
        .get_details_error_info()
        .unwrap_or_else(|| panic!("no reason in {status:?}"));
    assert_eq!(info.domain, "wangge");
    info.reason
}

/// Returns the paths of the fields that the refusal names.
pub fn fields(status: &Status) -> Vec<String> {
    status
        .get_details_bad_request()
        .map(|bad| {
            bad.field_violations
                .into_iter()
                .map(|violation| violation.field)
                .collect()
        })
        .unwrap_or_default()
}

/// Returns the type of the first violated precondition, e.g. a guard's name.
pub fn precondition(status: &Status) -> Option<String> {
    let failure = status.get_details_precondition_failure()?;
    failure
        .violations
        .into_iter()
        .next()
        .map(|violation| violation.r#type)
}

/// Returns the retry delay that the refusal suggests.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}
