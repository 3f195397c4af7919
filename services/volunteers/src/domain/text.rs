//! Free text: what must be written, and what no database can keep.

use wangge_api::refusal::FieldViolation;

/// Why a text that is required can't be taken; none if it can.
pub fn violation(text: &str, field: String) -> Option<FieldViolation> {
    if text.trim().is_empty() {
        return Some(FieldViolation::new(field, "required", "is required"));
    }
    // PostgreSQL keeps every character but this one.
    text.contains('\0')
        .then(|| FieldViolation::new(field, "string.no_nul", "must not contain the character NUL"))
}
