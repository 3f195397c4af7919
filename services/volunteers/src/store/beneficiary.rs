//! Statements on beneficiaries.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::{StoreError, Tx};
use wangge_records::{Kept as _, Record as _, kept::CREATE};

use crate::domain::{beneficiary::Beneficiary, project::Project};

/// Rejects beneficiaries from before the start of their project. For calls, the reference
/// to the project already requires that it is running or done; imported records name it
/// as it was then.
pub(crate) async fn guard(
    tx: &mut Tx,
    beneficiaries: &[Beneficiary],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let loaded: Vec<&Beneficiary> = beneficiaries
        .iter()
        .filter(|one| action == CREATE && one.head.imported)
        .collect();
    // Sorted: transactions that lock several projects do so in one order, so they can't
    // deadlock.
    let mut ids: Vec<Uuid> = loaded.iter().map(|one| one.project_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut refused = Vec::new();
    for id in ids {
        // Not scoped: the reference was checked before, within the caller's scope.
        let Some(project) = Project::lock(tx, &RecordScope::everything(), id).await? else {
            continue;
        };
        let began = project.course.last_time("start");
        let began = began.map(|time| day_of(time, DEFAULT_ZONE));
        let named = loaded.iter().filter(|one| one.project_id == id);
        // A project that never started has no beneficiaries at all.
        let early = named.filter(|one| began.is_none_or(|began| one.benefit_date < began));
        refused.extend(early.map(|one| {
            let why = "the project had not begun on that day";
            let refusal = Refusal::guard("project_state", Beneficiary::KIND, why);
            (one.head.id, refusal)
        }));
    }
    Ok(refused)
}
