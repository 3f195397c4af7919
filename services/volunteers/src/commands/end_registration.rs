//! Sets the end date of a registration, or corrects it.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{request, transact};
use wangge_record::{End, etag};
use wangge_record_store::correction;

use crate::{
    App,
    commands::Writer,
    domain::{
        check_in_visit,
        registration::{KIND, Registration, RegistrationId, registered_already},
    },
    error::CONSTRAINTS,
    events::{Occurrence, registration_changed},
    store::{
        self,
        registration::{load_registration_for_update, update_registration},
    },
};

/// Ends the registration with `id`, or corrects its end, if its etag still equals
/// `read_etag`.
pub(crate) async fn end_registration(
    app: &App,
    writer: Writer,
    id: RegistrationId,
    end: End,
    read_etag: String,
) -> Result<Registration, Refusal> {
    let now = app.clock.now();
    let ended = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            let Writer { key, scope } = writer;
            // Locked before the claim, which records the revision that this call creates.
            let registration = load_registration_for_update(tx, &scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))?;
            if request::claim(tx, &key, id.0, registration.revision + 1, now)
                .await?
                .is_some()
            {
                return Ok(registration);
            }
            // After the claim: the first call has changed the etag, so a retry would fail
            // this check.
            etag::check(&read_etag, KIND, registration.revision, &registration)?;
            let before = registration.end_date;
            let ended = registration.end(&end)?;
            // Stable until the commit: a new visit needs a shared lock on the
            // registration, which this transaction has locked for update.
            let last = store::check_in_visit::last_visit_time(tx, id.0).await?;
            if let Some(end_date) = ended.end_date {
                check_in_visit::require_none_later(last, end_date)?;
            }
            correction::keep(&end, tx, (KIND, id.0), before, &key, now).await?;
            match update_registration(tx, &ended).await {
                // A later end, or none, can overlap a registration that the official has
                // made since; only the exclusion constraint detects that safely.
                Err(error) if error.is_of_another() => return Err(registered_already().into()),
                updated => updated?,
            }
            wangge_outbox::append(tx, &registration_changed(&ended, Occurrence::live(now))).await?;
            Ok(ended)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    Ok(ended)
}
