//! People who hold posts. Only a name and an area are stored of them.

use serde::Serialize;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_record::Checks;

typed_id!(
    /// Id of a person.
    PersonId
);

/// A person as it is stored.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Person {
    /// Id, unique across all areas.
    pub id: PersonId,
    /// Name: personal data.
    pub name: String,
    /// Code of the area whose scope the person belongs to.
    pub area_code: String,
    /// Revision, counted from 1.
    pub revision: i64,
}

// Written by hand: a derived `Debug` would let the name reach the logs.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A person as requested, before validation.
#[derive(Clone)]
pub struct PersonDraft {
    /// Id, generated if the request has none.
    pub id: PersonId,
    /// Name: personal data.
    pub name: String,
    /// Code of the area.
    pub area_code: String,
}

impl std::fmt::Debug for PersonDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonDraft")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl PersonDraft {
    /// Validates the draft and returns the person.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self) -> Result<Person, Refusal> {
        let mut checks = Checks::of("person");
        checks.text(&self.name, "name");
        checks.required(!self.area_code.is_empty(), "area_code");
        checks.finish()?;
        Ok(Person {
            id: self.id,
            name: self.name,
            area_code: self.area_code,
            revision: 1,
        })
    }
}
