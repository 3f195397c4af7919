//! Ends a registration on a day, or corrects its end.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{request, transact};
use wangge_records::{End, etag};

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

/// Ends the registration with `id`, or corrects its end, if `read_etag` still matches.
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
            // Locked before the request id is claimed: the claim stores the revision that this
            // call creates.
            let registration = load_registration_for_update(tx, &scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))?;
            if request::claim(tx, &key, id.0, registration.revision + 1, now)
                .await?
                .is_some()
            {
                return Ok(registration);
            }
            // After the claim: a retry carries the etag of the revision before its own change.
            etag::check(&read_etag, KIND, registration.revision, &registration)?;
            let before = registration.end_date;
            let ended = registration.end(&end)?;
            // The row lock conflicts with the `for share` of visits in progress, so no visit can be
            // recorded between this check and the commit.
            let last = store::check_in_visit::last_visit_time(tx, id.0).await?;
            if let Some(end_date) = ended.end_date {
                check_in_visit::demand_none_later(last, end_date)?;
            }
            // The trace of a correction is written in the same transaction, so none is lost.
            end.keep(tx, (KIND, id.0), before, &key, now).await?;
            match update_registration(tx, &ended).await {
                // A corrected end may reach into a registration that was created since.
                Err(error) if error.is_of_another() => return Err(registered_already().into()),
                updated => updated?,
            }
            wangge_outbox::append(tx, &registration_changed(&ended, Occurrence::live(now))).await?;
            Ok(ended)
        }
        .boxed()
    })
    .await?;
    app.hint.committed();
    Ok(ended)
}
