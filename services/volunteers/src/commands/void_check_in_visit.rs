//! Voids a check-in visit that was entered by mistake.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{request, transact};
use wangge_record::etag;

use crate::{
    App,
    commands::Writer,
    domain::check_in_visit::{CheckInVisit, CheckInVisitId, KIND, Voiding},
    error::CONSTRAINTS,
    events::{Occurrence, check_in_visit_changed},
    store::check_in_visit::{load_check_in_visit_for_update, update_check_in_visit},
};

/// Voids the visit with `id`, if its etag still equals `read_etag`.
pub(crate) async fn void_check_in_visit(
    app: &App,
    writer: Writer,
    id: CheckInVisitId,
    reason: String,
    read_etag: String,
) -> Result<CheckInVisit, Refusal> {
    let now = app.clock.now();
    let voided = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            let Writer { key, scope } = writer;
            let visit = load_check_in_visit_for_update(tx, &scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))?;
            // Before the etag check, which a retry would fail: the first call has changed
            // the etag.
            if request::claim(tx, &key, id.0, visit.revision + 1, now)
                .await?
                .is_some()
            {
                return Ok(visit);
            }
            etag::check(&read_etag, KIND, visit.revision, &visit)?;
            let voided = visit.void(Voiding { time: now, reason }, "reason")?;
            update_check_in_visit(tx, &voided).await?;
            wangge_outbox::append(tx, &check_in_visit_changed(&voided, Occurrence::live(now)))
                .await?;
            Ok(voided)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    Ok(voided)
}
