//! Statements on claims of projects.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx};
use wangge_records::{Record as _, kept::CREATE};

use crate::{
    domain::project_claim::{ProjectClaim, ProjectClaimState},
    store::queue,
};

/// Rejects claims beyond the number of places of a project. Concurrent claims of a
/// project are serialised by its lock.
pub(crate) async fn guard(
    tx: &mut Tx,
    claims: &[ProjectClaim],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action != CREATE {
        return Ok(Vec::new());
    }
    let projects: Vec<Uuid> = claims.iter().map(|claim| claim.project_id).collect();
    // Held until the commit: without it, two claims could both count the last place as free.
    queue::stand_in_line(tx, &projects).await?;
    let rows = sqlx::query!(
        // State 1 is `Claimed`.
        "select id, place_count - (select count(*)::int from project_claim \
         where project_id = project.id and state = 1) as \"left!\" \
         from project where id = any($1)",
        &projects,
    )
    .fetch_all(tx)
    .await?;
    let mut left: HashMap<Uuid, i32> = rows.into_iter().map(|row| (row.id, row.left)).collect();
    let mut refused = Vec::new();
    // An imported claim may be withdrawn already and then takes no place.
    for claim in claims
        .iter()
        .filter(|claim| claim.course.is_in(&[ProjectClaimState::Claimed]))
    {
        // In a dry run, the project may be a row that isn't in the database yet.
        let Some(left) = left.get_mut(&claim.project_id) else {
            continue;
        };
        if *left < 1 {
            let why = "every place is taken";
            let refusal = Refusal::guard("project_full", ProjectClaim::KIND, why);
            refused.push((claim.head.id, refusal));
        }
        // Counted here as well: earlier claims of the same batch aren't in the database yet.
        *left -= 1;
    }
    Ok(refused)
}
