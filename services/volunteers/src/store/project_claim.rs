//! Guard of project claims: the limit of places.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Record as _};

use crate::domain::project_claim::{ProjectClaim, ProjectClaimAction, ProjectClaimState};

/// Rejects claims beyond the number of a project's places. Concurrent claims of a project
/// are serialised by an advisory lock on it.
pub(crate) async fn guard(
    tx: &mut Tx,
    claims: &[ProjectClaim],
    change: Change<ProjectClaimAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if change != Change::Create {
        return Ok(Vec::new());
    }
    let projects: Vec<Uuid> = claims.iter().map(|claim| claim.project_id).collect();
    // Locked before the places are counted: under read committed, the next statement then
    // sees the claims of those that held the lock before. Withdrawals need no lock, since
    // they only free places.
    queue::stand_in_line(tx, &projects).await?;
    let rows = sqlx::query!(
        "select id, place_count - (select count(*)::int from project_claim \
         where project_id = project.id and state = 1) as \"left!\" \
         from project where id = any($1)",
        &projects,
    )
    .fetch_all(tx)
    .await?;
    // Counted down in memory: the claims of this batch are not inserted yet.
    let mut left: HashMap<Uuid, i32> = rows.into_iter().map(|row| (row.id, row.left)).collect();
    let mut refused = Vec::new();
    for claim in claims
        .iter()
        .filter(|claim| claim.lifecycle.is_in(&[ProjectClaimState::Claimed]))
    {
        // In a dry run, the project may be part of what is being tried.
        let Some(left) = left.get_mut(&claim.project_id) else {
            continue;
        };
        if *left < 1 {
            let why = "every place is taken";
            let refusal = Refusal::guard(Guard::ProjectFull, ProjectClaim::KIND, why);
            refused.push((claim.metadata.id, refusal));
        }
        *left -= 1;
    }
    Ok(refused)
}
