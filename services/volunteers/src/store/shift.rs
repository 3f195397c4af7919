//! Guard of shifts, which depends on their event.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use crate::domain::{
    service_event::{ServiceEvent, ServiceEventState},
    shift::{Shift, ShiftAction},
};

/// Rejects taking or starting a shift at a cancelled event.
pub(crate) async fn guard(
    tx: &mut Tx,
    shifts: &[Shift],
    change: Change<ShiftAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if !matches!(
        change,
        Change::Act(ShiftAction::Fill) | Change::Act(ShiftAction::SignIn)
    ) {
        return Ok(Vec::new());
    }
    let events: Vec<Uuid> = shifts
        .iter()
        .filter_map(|shift| shift.service_event_id)
        .collect();
    // The event is not locked: its cancellation locks the event before its shifts, so
    // locking in the opposite order could deadlock. A concurrent cancellation waits for
    // the shift that is taken here, and then cancels it.
    let cancelled = sqlx::query_scalar!(
        "select id from service_event where id = any($1) and state = $2",
        &events,
        ServiceEventState::Cancelled.code(),
    )
    .fetch_all(tx)
    .await?;
    let is_off = |shift: &&Shift| {
        shift
            .service_event_id
            .is_some_and(|id| cancelled.contains(&id))
    };
    let refused = shifts.iter().filter(is_off).map(|shift| {
        let (guard, field) = (Guard::ReferenceState, "service_event_id");
        let refusal = Refusal::reference_guard(guard, ServiceEvent::KIND, field, "it is cancelled");
        (shift.metadata.id, refusal)
    });
    Ok(refused.collect())
}
