//! Statements on what hangs on service events.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx, transaction::Failure};
use wangge_records::{course::Taken, write::take_along};

use wangge_api::refusal::Refusal;

use crate::domain::{service_event::ServiceEvent, shift::Shift};

/// Nothing stands against what is done to an event.
pub(crate) async fn guard(
    _tx: &mut Tx,
    _events: &[ServiceEvent],
    _action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    Ok(Vec::new())
}

/// An event that is cancelled cancels its shifts, so that those who have them are
/// free at that time.
pub(crate) async fn follow(
    tx: &mut Tx,
    event: &ServiceEvent,
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(step) = event.course.steps().last().filter(|_| action == "cancel") else {
        return Ok(());
    };
    let shifts = sqlx::query_scalar!(
        "select id from shift where coalesce(service_event_id, service_post_id, station_id) = $1 \
         and state in (1, 2) order by id",
        event.head.id,
    )
    .fetch_all(&mut *tx)
    .await?;
    for id in shifts {
        let step = Taken {
            action: "cancel",
            time: now,
            actor: step.actor.0.clone(),
            reason: step.reason.0.clone(),
        };
        take_along::<Shift>(tx, id, step).await?;
    }
    Ok(())
}
