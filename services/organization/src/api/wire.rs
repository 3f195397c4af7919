//! Helpers to read requests.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
pub(super) use wangge_record_api::service::{call, id};

/// Returns the record of a write request.
pub(super) fn given<T>(record: Option<T>, field: &str) -> Result<T, Refusal> {
    record.ok_or_else(|| Refusal::field(field, "required", "is required"))
}

/// Parses an optional id.
pub(super) fn optional_id<T: From<Uuid>>(text: &str, field: &str) -> Result<Option<T>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(|id| Some(id.into()))
    }
}

/// Returns `None` for an empty text.
pub(super) fn optional_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Returns the paths of a field mask. Rejects a path that can't be changed.
pub(super) fn mask(
    mask: Option<prost_types::FieldMask>,
    changeable: &[&str],
) -> Result<Vec<String>, Refusal> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Err(Refusal::field(
            "update_mask",
            "required",
            "must list at least one field to change",
        ));
    }
    match paths
        .iter()
        .find(|path| !changeable.contains(&path.as_str()))
    {
        Some(path) => Err(Refusal::field(
            "update_mask",
            "field_mask",
            format!("{path} is unknown or can't be changed"),
        )),
        None => Ok(paths),
    }
}
