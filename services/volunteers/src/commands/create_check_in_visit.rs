//! Records a check-in visit of a registered official at the current time.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{queue, request, transact};

use crate::{
    App,
    commands::Writer,
    domain::{
        check_in_visit::{self, CheckInVisit, CheckInVisitDraft, CheckInVisitId, KIND},
        registration,
    },
    error::CONSTRAINTS,
    events::{Occurrence, check_in_visit_changed},
    store,
};

/// Records the visit under its registration. The days of the registration are locked
/// until the transaction ends.
pub(crate) async fn create_check_in_visit(
    app: &App,
    writer: Writer,
    draft: CheckInVisitDraft,
) -> Result<CheckInVisit, Refusal> {
    let now = app.clock.now();
    let new = check_in_visit::create(draft, now, "check_in_visit.")?;
    let made = transact(&app.database.calls, CONSTRAINTS, move |tx| {
        async move {
            let Writer { key, scope } = writer;
            if let Some(id) = request::claim(tx, &key, new.id.0, 1, now).await? {
                let made =
                    store::check_in_visit::load_check_in_visit(tx, &scope, CheckInVisitId(id));
                return made
                    .await?
                    .ok_or_else(|| Refusal::not_found(KIND, id.to_string()).into());
            }
            // A shared lock: visits don't block one another here, but the registration
            // can't be ended before this visit is committed.
            let ids = [new.registration_id.0];
            let known = store::registration::list_registrations_for_share(tx, &scope, &ids).await?;
            let registration = known.first().ok_or_else(|| {
                Refusal::unknown_reference("check_in_visit.registration_id", registration::KIND)
            })?;
            let visit = check_in_visit::record(&new, registration)?;
            // Serialises the visits of this registration. Otherwise two concurrent calls
            // would both find no visit nearby, and one visit would count twice.
            queue::stand_in_line(tx, &ids).await?;
            let (time, spacing) = (visit.visit_time, check_in_visit::SPACING);
            if store::check_in_visit::is_recorded_near(tx, ids[0], time, spacing).await? {
                // A reused id is reported as such rather than as a visit nearby.
                let all = RecordScope::everything();
                let same = store::check_in_visit::load_check_in_visit(tx, &all, visit.id).await?;
                return Err(match same {
                    Some(_) => Refusal::exists(KIND, "check_in_visit.id").into(),
                    None => check_in_visit::visited_already().into(),
                });
            }
            store::check_in_visit::insert_check_in_visit(tx, &visit).await?;
            wangge_outbox::append(tx, &check_in_visit_changed(&visit, Occurrence::live(now)))
                .await?;
            Ok(visit)
        }
        .boxed()
    })
    .await?;
    app.notifier.notify();
    Ok(made)
}
