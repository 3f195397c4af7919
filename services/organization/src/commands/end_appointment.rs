//! Ends an appointment on a given day, or corrects an end that was set by mistake.

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, request, transaction::Failure};
use wangge_record::{End, etag};
use wangge_record_store::correction;

use super::{
    CallContext,
    create_appointment::{check_post, place},
    references::References,
};
use crate::{
    App,
    domain::appointment::Appointment,
    events::{self, Origin},
    store::appointment as store,
};

/// Ends an appointment or corrects its end. A retried request returns the appointment
/// in its current state.
///
/// # Errors
/// `FIELD_INVALID`, `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `STATE_CONFLICT`,
/// `GUARD_FAILED` (`post_taken`, `unit_not_current`, `area_not_current`),
/// `REQUEST_ID_REUSED`.
pub async fn end_appointment(
    app: &App,
    call: CallContext,
    id: Uuid,
    end: End,
    etag: String,
) -> Result<Appointment, Refusal> {
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            let held = store::lock_appointment(tx, &call.scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found("appointment", id))?;
            let revision = held.revision + 1;
            // The row is locked before the claim: the claim records the revision that the
            // change will have.
            if request::claim(tx, &call.key, id, revision, now)
                .await?
                .is_some()
            {
                return Ok(held);
            }
            // Checked after the claim: a retry carries the etag from before its first attempt
            // and must still succeed.
            etag::check(&etag, "appointment", held.revision, &held)?;
            let before = held.end_date;
            let ended = held.end(&end)?;
            // An ordinary end only gives days up. A correction may take back days on which
            // another person holds the post by now.
            if matches!(end, End::Corrected { .. }) {
                require_free(tx, call.scope.clone(), &ended).await?;
                correction::keep(&end, tx, ("appointment", id), before, &call.key, now).await?;
            }
            store::update_appointment(tx, &call.scope, &ended).await?;
            let event = events::appointment_changed(&ended, Origin::call(now));
            wangge_outbox::append(tx, &event).await?;
            Ok(ended)
        }
        .boxed()
    })
    .await
}

/// Checks that an appointment whose end is corrected can be held until the new end:
/// nobody else has the post by now, and the unit or grid exists for that long.
async fn require_free(
    tx: &mut Tx,
    scope: RecordScope,
    appointment: &Appointment,
) -> Result<(), Failure> {
    let mut references = References::new(scope);
    place(tx, &mut references, appointment.clone()).await?;
    check_post(tx, &references, appointment).await
}
