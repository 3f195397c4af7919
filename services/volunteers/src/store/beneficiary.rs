//! Guard of beneficiaries, which depends on their project.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, NoAction, Record as _};
use wangge_record_store::RecordTable as _;

use crate::domain::{
    beneficiary::Beneficiary,
    project::{Project, ProjectAction},
};

/// Rejects imported beneficiaries of a project that had not started by their benefit
/// date. Calls are checked by the states of their reference instead: the project must be
/// running or finished. Imported rows reference the project as it was on that date.
pub(crate) async fn guard(
    tx: &mut Tx,
    beneficiaries: &[Beneficiary],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let loaded: Vec<&Beneficiary> = beneficiaries
        .iter()
        .filter(|one| change == Change::Create && one.metadata.imported)
        .collect();
    let mut ids: Vec<Uuid> = loaded.iter().map(|one| one.project_id).collect();
    // In the order of their ids, so that concurrent imports that lock the same projects
    // can't deadlock.
    ids.sort_unstable();
    ids.dedup();
    let mut refused = Vec::new();
    for id in ids {
        let Some(project) = Project::lock(tx, &RecordScope::everything(), id).await? else {
            // A missing project was already reported as an unknown reference.
            continue;
        };
        let began = project.lifecycle.last_time(ProjectAction::Start);
        let began = began.map(|time| day_of(time, DEFAULT_ZONE));
        let named = loaded.iter().filter(|one| one.project_id == id);
        // A project that never started has no beneficiaries on any date.
        let early = named.filter(|one| began.is_none_or(|began| one.benefit_date < began));
        refused.extend(early.map(|one| {
            let (guard, field) = (Guard::ReferenceState, "project_id");
            let why = "it had not begun on that day";
            let refusal = Refusal::reference_guard(guard, Project::KIND, field, why);
            (one.metadata.id, refusal)
        }));
    }
    Ok(refused)
}
