//! Entries of the address book: words with which addresses in an area begin.

use serde::Serialize;
use wangge_api::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_places::address::normalize;
use wangge_resource::Checks;

typed_id!(
    /// Id of an entry of the address book.
    AddressId
);

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Address {
    /// Id.
    pub id: AddressId,
    /// The words as they were given.
    pub text: String,
    /// The words in the form in which they are compared.
    pub normalized_text: String,
    /// Code of the area in which the address lies.
    pub area_code: String,
    /// Revision, from 1.
    pub revision: i64,
}

/// An entry as somebody asks for it.
#[derive(Debug, Clone)]
pub struct AddressDraft {
    /// Id.
    pub id: AddressId,
    /// The words.
    pub text: String,
    /// Code of the area.
    pub area_code: String,
}

impl AddressDraft {
    /// The entry, if it is whole and right in itself.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<Address, Refusal> {
        let normalized_text = normalize(&self.text);
        let mut checks = Checks::of("address");
        checks.text(&self.text, "text");
        checks.rule(
            self.text.trim().is_empty() || normalized_text.chars().count() >= 2,
            "text",
            "string.min_len",
            "must have 2 characters besides spaces and punctuation",
        );
        checks.given(!self.area_code.is_empty(), "area_code");
        checks.done()?;
        Ok(Address {
            id: self.id,
            text: self.text,
            normalized_text,
            area_code: self.area_code,
            revision: 1,
        })
    }
}
