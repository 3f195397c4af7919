//! Guard of projects, and the changes that follow theirs.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx, transaction::Failure};
use wangge_record::{Change, Record as _, lifecycle::NewTransition};
use wangge_record_store::write::take_along;

use crate::domain::{
    project::{Project, ProjectAction},
    project_claim::{ProjectClaim, ProjectClaimAction},
};

/// Rejects projects that are based on a match of another need.
pub(crate) async fn guard(
    tx: &mut Tx,
    projects: &[Project],
    _change: Change<ProjectAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ids: Vec<Uuid> = projects.iter().filter_map(|p| p.need_match_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let needs = sqlx::query!(
        "select id, need_id from need_match where id = any($1)",
        &ids
    )
    .fetch_all(tx)
    .await?;
    // A match that is missing is not rejected here: its reference was already checked.
    let strange = |project: &&Project| {
        let mut needs = needs.iter();
        needs.any(|row| Some(row.id) == project.need_match_id && row.need_id != project.need_id)
    };
    let why = "the match belongs to another need";
    let refused = projects.iter().filter(strange).map(|project| {
        let refusal = Refusal::guard(Guard::MatchOfOtherNeed, Project::KIND, why);
        (project.metadata.id, refusal)
    });
    Ok(refused.collect())
}

/// Withdraws the claims of a cancelled project, so that their places count no more.
pub(crate) async fn follow(
    tx: &mut Tx,
    project: &Project,
    change: Change<ProjectAction>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(step) = project
        .lifecycle
        .steps()
        .last()
        .filter(|_| change == Change::Act(ProjectAction::Cancel))
    else {
        return Ok(());
    };
    let claims = sqlx::query_scalar!(
        "select id from project_claim where project_id = $1 and state = 1 order by id",
        project.metadata.id,
    )
    .fetch_all(&mut *tx)
    .await?;
    // In the order of their ids, so that two transactions can't deadlock. The step is
    // taken in the transaction of the project, for its actor and reason.
    for id in claims {
        let step = NewTransition {
            action: ProjectClaimAction::Withdraw,
            time: now,
            actor: step.actor.0.clone(),
            reason: step.reason.0.clone(),
        };
        take_along::<ProjectClaim>(tx, id, step).await?;
    }
    Ok(())
}
