//! Entries of the address book: texts that addresses in an area begin with.

use serde::Serialize;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_places::address::normalize;
use wangge_record::Checks;

typed_id!(
    /// Id of an entry of the address book.
    AddressId
);

/// An address book entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Address {
    /// Id, unique across all areas.
    pub id: AddressId,
    /// The text as it was entered.
    pub text: String,
    /// The text in the normalized form that is compared.
    pub normalized_text: String,
    /// Code of the area that contains the address.
    pub area_code: String,
    /// Revision, counted from 1.
    pub revision: i64,
}

/// An address book entry as requested, before validation.
#[derive(Debug, Clone)]
pub struct AddressDraft {
    /// Id, generated if the request has none.
    pub id: AddressId,
    /// The text as it was entered.
    pub text: String,
    /// Code of the area.
    pub area_code: String,
}

impl AddressDraft {
    /// Validates the draft and returns the entry.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self) -> Result<Address, Refusal> {
        let normalized_text = normalize(&self.text);
        let mut checks = Checks::of("address");
        checks.text(&self.text, "text");
        checks.rule(
            // The normalized length counts: a text of punctuation alone normalizes to nothing
            // and would match every address. A blank one is reported by the rule above.
            self.text.trim().is_empty() || normalized_text.chars().count() >= 2,
            "text",
            "string.min_len",
            "must have at least 2 characters besides spaces and punctuation",
        );
        checks.required(!self.area_code.is_empty(), "area_code");
        checks.finish()?;
        Ok(Address {
            id: self.id,
            text: self.text,
            normalized_text,
            area_code: self.area_code,
            revision: 1,
        })
    }
}
