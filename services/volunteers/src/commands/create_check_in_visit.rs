//! Records a visit of a registered official at the current time.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{request, transact};

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

/// Records the visit under its registration, whose days are locked until the commit.
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
            // Claimed before the registration is read: a retry returns its visit even if the
            // registration has ended since.
            if let Some(id) = request::claim(tx, &key, new.id.0, 1, now).await? {
                let made =
                    store::check_in_visit::load_check_in_visit(tx, &scope, CheckInVisitId(id));
                return made
                    .await?
                    .ok_or_else(|| Refusal::not_found(KIND, id.to_string()).into());
            }
            // `for share` blocks the end of the registration, but not other visits; these are
            // serialised by the queue below.
            let ids = [new.registration_id.0];
            let known = store::registration::list_registrations_for_share(tx, &scope, &ids).await?;
            let registration = known.first().ok_or_else(|| {
                Refusal::unknown_reference("check_in_visit.registration_id", registration::KIND)
            })?;
            let visit = check_in_visit::record(&new, registration)?;
            store::queue::stand_in_line(tx, &ids).await?;
            // Checked under the lock: two visits at the same moment would not see each other.
            let (time, spacing) = (visit.visit_time, check_in_visit::SPACING);
            if store::check_in_visit::is_recorded_near(tx, ids[0], time, spacing).await? {
                // The reused id of a visit within the spacing is reported as such, not as a
                // visit recorded twice. It is looked up in every area, since ids are global.
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
    app.hint.committed();
    Ok(made)
}
