//! Guard of patrols.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, NoAction, Record as _};

use super::one_at_a_time::{Busy, Work, overlapping};
use crate::domain::patrol::Patrol;

/// Rejects overlapping patrols of one person in a community, which includes a patrol
/// that is entered twice.
pub(crate) async fn guard(
    tx: &mut Tx,
    patrols: &[Patrol],
    change: Change<NoAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // A patrol is immutable, so only its creation can cause an overlap.
    if change != Change::Create {
        return Ok(Vec::new());
    }
    let asked: Vec<Busy> = patrols
        .iter()
        .map(|patrol| Busy {
            id: patrol.metadata.id,
            area_code: patrol.metadata.area_code.clone(),
            person_id: patrol.person_id,
            start_time: patrol.start_time,
            end_time: patrol.end_time,
        })
        .collect();
    let found = overlapping(tx, Work::Patrol, &asked).await?;
    let refused = |id| {
        let why = "the person is on another patrol in the community at that time";
        (id, Refusal::guard(Guard::PatrolOverlaps, Patrol::KIND, why))
    };
    Ok(found.into_iter().map(refused).collect())
}
