//! People who hold posts. A name and an area, and nothing more of them.

use serde::Serialize;
use wangge_api::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_resource::Checks;

typed_id!(
    /// Id of a person.
    PersonId
);

/// A person as they are kept.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Person {
    /// Id.
    pub id: PersonId,
    /// Name: personal data.
    pub name: String,
    /// Code of the area in whose scope the person is kept.
    pub area_code: String,
    /// Revision, from 1.
    pub revision: i64,
}

// A name must not reach a log by way of a debug format.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A person as somebody asks for them.
#[derive(Clone)]
pub struct PersonDraft {
    /// Id.
    pub id: PersonId,
    /// Name.
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
    /// The person, if the draft is whole.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<Person, Refusal> {
        let mut checks = Checks::of("person");
        checks.text(&self.name, "name");
        checks.given(!self.area_code.is_empty(), "area_code");
        checks.done()?;
        Ok(Person {
            id: self.id,
            name: self.name,
            area_code: self.area_code,
            revision: 1,
        })
    }
}
