//! Validation of required free text.

use wangge_kernel::refusal::FieldViolation;

/// Returns the violation of a required text that is blank or can't be stored, or `None`
/// if it is valid.
pub fn violation(text: &str, field: String) -> Option<FieldViolation> {
    if text.trim().is_empty() {
        return Some(FieldViolation::new(field, "required", "is required"));
    }
    // PostgreSQL's `text` stores every character except NUL. Without this check, the
    // statement would fail, and the caller would get an internal error.
    text.contains('\0')
        .then(|| FieldViolation::new(field, "string.no_nul", "must not contain the character NUL"))
}
