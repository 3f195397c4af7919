//! Texts, most of which may be personal data. Their `Debug` output is redacted, so that a record
//! can be logged without exposing what people have said. It doesn't validate texts: see
//! [`Checks`](crate::Checks).

use serde::{Deserialize, Serialize};

/// A text that must not be blank. It may be personal data: `Debug` prints `…` in its
/// place.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub String);

/// A text that may be empty; redacted like [`Text`].
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Note(pub String);

/// A code that must not be empty, whose form the contract restricts. It is never personal
/// data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub String);

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
