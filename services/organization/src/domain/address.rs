//! Entries of the address book: texts that addresses in an area begin with.

use serde::{Deserialize, Serialize};
use wangge_kernel::refusal::{Refusal, Rule};
use wangge_places::address::normalize;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

/// An entry of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Fields of every record; the area is the one that the text names.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The text, with the form in which it is compared.
    #[serde(flatten)]
    pub text: AddressText,
}

/// A text of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressText {
    /// The text as it was entered.
    pub text: Text,
    /// The form in which addresses are compared.
    pub normalized_text: String,
}

impl From<Text> for AddressText {
    fn from(text: Text) -> Self {
        Self {
            normalized_text: normalize(&text.0),
            text,
        }
    }
}

impl Record for Address {
    const KIND: &'static str = "address";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.rule(
            // The normalized length counts: a text of punctuation alone normalizes to nothing
            // and would match every address. A blank one is reported as missing.
            self.text.text.0.trim().is_empty() || self.text.normalized_text.chars().count() >= 2,
            "text",
            Rule::StringMinLen,
            "must have at least 2 characters besides spaces and punctuation",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.metadata).on_any_day()]
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::exists(Self::KIND, "address.text")
    }

    fn is_kept_as(&self, stored: &Self) -> bool {
        // Two releases may normalize the same text differently.
        self.text.text == stored.text.text && self.metadata.area_code == stored.metadata.area_code
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::default()
    }
}
