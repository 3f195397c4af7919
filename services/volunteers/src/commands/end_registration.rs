//! Ends a registration on a day.

use chrono::NaiveDate;
use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{request, transact};
use wangge_records::etag;

use crate::{
    App,
    commands::Writer,
    domain::{
        check_in_visit,
        registration::{KIND, Registration, RegistrationId},
    },
    error::CONSTRAINTS,
    events::{Occurrence, registration_changed},
    store::{
        self,
        registration::{load_registration_for_update, update_registration},
    },
};

/// Ends the registration with `id`, if it is still as `read_etag` says.
pub(crate) async fn end_registration(
    app: &App,
    writer: Writer,
    id: RegistrationId,
    end_date: NaiveDate,
    read_etag: String,
) -> Result<Registration, Refusal> {
    let now = app.clock.now();
    let ended = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            let Writer { key, scope } = writer;
            let registration = load_registration_for_update(tx, &scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))?;
            if request::claim(tx, &key, id.0, registration.revision + 1, now)
                .await?
                .is_some()
            {
                return Ok(registration);
            }
            etag::check(&read_etag, registration.revision, KIND)?;
            let ended = registration.end(end_date)?;
            let last = store::check_in_visit::last_visit_time(tx, id.0).await?;
            check_in_visit::demand_none_later(last, end_date)?;
            update_registration(tx, &ended).await?;
            wangge_outbox::append(tx, &registration_changed(&ended, Occurrence::live(now))).await?;
            Ok(ended)
        }
        .boxed()
    })
    .await?;
    app.hint.committed();
    Ok(ended)
}
