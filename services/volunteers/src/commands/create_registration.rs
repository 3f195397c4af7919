//! Registers an official with a community.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, request, transact, transaction::Failure};

use crate::{
    App,
    commands::Writer,
    domain::registration::{self, KIND, Registration, RegistrationDraft, RegistrationId},
    error::CONSTRAINTS,
    events::{Occurrence, registration_changed},
    store,
};

/// Prefix of the registration's fields in the request, for field violations.
const PATH: &str = "registration.";

/// Creates the registration. An exclusion constraint rejects overlapping days, since
/// two concurrent calls don't see each other's registration.
pub(crate) async fn create_registration(
    app: &App,
    writer: Writer,
    draft: RegistrationDraft,
) -> Result<Registration, Refusal> {
    let new = registration::create(draft, PATH)?;
    let now = app.clock.now();
    let made = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            let Writer { key, scope } = writer;
            // Before the checks: a retry must return the registration even if its area
            // or unit has ended since.
            if let Some(id) = request::claim(tx, &key, new.id.0, new.revision, now).await? {
                let made = store::registration::load_registration(tx, &scope, RegistrationId(id));
                return made
                    .await?
                    .ok_or_else(|| Refusal::not_found(KIND, id.to_string()).into());
            }
            // Checked in the transaction of the insert, against the local copies: the
            // call works while organization is down.
            check_references(tx, &scope, &new).await?;
            if !store::registration::insert_registration_if_free(tx, &new).await? {
                return Err(why_not_free(tx, &new).await?.into());
            }
            wangge_outbox::append(tx, &registration_changed(&new, Occurrence::live(now))).await?;
            Ok(new)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    Ok(made)
}

async fn check_references(
    tx: &mut Tx,
    scope: &RecordScope,
    new: &Registration,
) -> Result<(), Failure> {
    let areas = store::area::list_areas(&mut *tx, scope, std::slice::from_ref(&new.area_code));
    let areas = areas.await?;
    // Not limited to the scope: officials come from units of any area.
    let units = store::unit::find_units(tx, &[new.home_unit_id.0]).await?;
    Ok(registration::check_references(
        new,
        areas.first(),
        units.first().map(|(_, unit)| unit.days),
        PATH,
    )?)
}

/// Returns the reason of a conflict: the id is in use in any area, or the days overlap.
async fn why_not_free(tx: &mut Tx, new: &Registration) -> Result<Refusal, Failure> {
    // The id is unique across all areas, so the lookup ignores the caller's scope. Only
    // the kind and the field are returned, nothing about the other record.
    let all = RecordScope::everything();
    let kept = store::registration::load_registration(tx, &all, new.id).await?;
    Ok(match kept {
        Some(_) => Refusal::exists(KIND, "registration.id"),
        None => registration::registered_already(),
    })
}
