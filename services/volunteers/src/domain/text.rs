//! Validation of free text.

use wangge_api::refusal::FieldViolation;

/// Returns the violation of a required text that is blank or can't be stored.
pub fn violation(text: &str, field: String) -> Option<FieldViolation> {
    if text.trim().is_empty() {
        return Some(FieldViolation::new(field, "required", "is required"));
    }
    // PostgreSQL's `text` can store every character except this one.
    text.contains('\0')
        .then(|| FieldViolation::new(field, "string.no_nul", "must not contain the character NUL"))
}
