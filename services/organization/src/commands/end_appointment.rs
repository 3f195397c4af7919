//! Ends an appointment on a day.

use chrono::NaiveDate;
use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::request;
use wangge_records::etag;

use super::Call;
use crate::{
    App,
    domain::appointment::Appointment,
    events::{self, Origin},
    store::appointment as store,
};

/// Ends an appointment; a repeated request answers it as it stands now.
///
/// # Errors
/// `FIELD_INVALID`, `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `STATE_CONFLICT`,
/// `REQUEST_ID_REUSED`.
pub async fn end_appointment(
    app: &App,
    call: Call,
    id: Uuid,
    end_date: NaiveDate,
    etag: String,
) -> Result<Appointment, Refusal> {
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            let held = store::lock_appointment(tx, &call.scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found("appointment", id))?;
            let revision = held.revision + 1;
            if request::claim(tx, &call.key, id, revision, now)
                .await?
                .is_some()
            {
                return Ok(held);
            }
            etag::check(&etag, held.revision, "appointment")?;
            let ended = held.end(end_date)?;
            store::update_appointment(tx, &call.scope, &ended).await?;
            let event = events::appointment_changed(&ended, Origin::call(now));
            wangge_outbox::append(tx, &event).await?;
            Ok(ended)
        }
        .boxed()
    })
    .await
}
