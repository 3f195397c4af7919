//! Creates a person. No event is appended: feeds carry no personal data.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{CallContext, references::References};
use crate::{
    App,
    domain::person::{Person, PersonDraft},
    store::person as store,
};

/// Creates a person, or returns the one that an earlier attempt of the same request
/// created.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `REQUEST_ID_REUSED`, and
/// `RECORD_EXISTS` for an id in use.
pub async fn create_person(
    app: &App,
    call: CallContext,
    draft: PersonDraft,
) -> Result<Person, Refusal> {
    let person = draft.check()?;
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            // Claimed before the insert: a retry must return the person of its first
            // attempt, not create a second one.
            if let Some(id) = request::claim(tx, &call.key, person.id.0, 1, now).await? {
                let earlier = store::load_person(tx, &call.scope, id).await?;
                return Ok(earlier.ok_or_else(|| Refusal::not_found("person", id))?);
            }
            let mut references = References::new(call.scope);
            check(tx, &mut references, &person).await?;
            save(tx, &references, &person).await?;
            Ok(person)
        }
        .boxed()
    })
    .await
}

/// Checks that the area exists.
///
/// # Errors
/// `REFERENCE_UNKNOWN`.
pub async fn check(
    tx: &mut Tx,
    references: &mut References,
    person: &Person,
) -> Result<(), Failure> {
    references
        .area(tx, &person.area_code, "person.area_code")
        .await?;
    Ok(())
}

/// Inserts a person, without an event.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(tx: &mut Tx, references: &References, person: &Person) -> Result<(), Failure> {
    store::insert_person(tx, references.scope(), person).await
}
