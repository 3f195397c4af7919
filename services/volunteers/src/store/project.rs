//! Statements on projects.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx};
use wangge_records::Record as _;

use crate::domain::project::Project;

/// A project rests on a match of its own need.
pub(crate) async fn guard(
    tx: &mut Tx,
    projects: &[Project],
    _action: &'static str,
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
    let strange = |project: &&Project| {
        let mut needs = needs.iter();
        needs.any(|row| Some(row.id) == project.need_match_id && row.need_id != project.need_id)
    };
    let why = "the match is one of another need";
    let refused = projects.iter().filter(strange).map(|project| {
        let refusal = Refusal::guard("match_of_other_need", Project::KIND, why);
        (project.head.id, refusal)
    });
    Ok(refused.collect())
}
