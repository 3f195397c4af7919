//! Guard of service events, and the changes that follow theirs.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, transaction::Failure};
use wangge_record::{Change, Record as _, lifecycle::NewTransition};
use wangge_record_store::write::take_along;

use crate::{
    domain::{
        service_event::{ServiceEvent, ServiceEventAction},
        shift::{Shift, ShiftAction, ShiftState},
    },
    store::promises,
};

/// Rejects a change of an event's times that would leave a shift outside of them: a shift
/// that was within the old times and has not ended must be within the new ones. If the
/// old and the new times don't overlap, this includes the shifts before and after the old
/// times. Shifts are never moved along: a volunteer has committed to that time and no
/// other.
pub(crate) async fn guard(
    tx: &mut Tx,
    events: &[ServiceEvent],
    change: Change<ServiceEventAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let standing = [ShiftState::Open, ShiftState::Filled, ShiftState::SignedIn];
    let mut refused = Vec::new();
    for event in events.iter().filter(|_| change == Change::Update) {
        // The guard runs before the update, so `event` in the statement still has the old
        // times, and the parameters have the new ones.
        let left = sqlx::query!(
            "select count(*) filter (where shift.state = $4) as \"open!\", \
                 count(*) filter (where shift.state <> $4) as \"taken!\" \
             from service_event event join shift \
                 on coalesce(shift.service_event_id, shift.service_post_id, shift.station_id) = event.id \
             where event.id = $1 and shift.state = any($5) and shift.end_time > $6 \
             and not (shift.start_time >= $2 and shift.end_time <= $3) \
             and (shift.start_time >= event.start_time and shift.end_time <= event.end_time \
                 or $2 >= event.end_time or $3 <= event.start_time)",
            event.metadata.id,
            event.start_time,
            event.end_time,
            ShiftState::Open.code(),
            &standing.map(ShiftState::code)[..],
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        let shifts = [(left.taken, "filled shifts"), (left.open, "open shifts")];
        let refusal = promises::refuse(ServiceEvent::KIND, "outside of the new time", &shifts);
        refused.extend(refusal.map(|refusal| (event.metadata.id, refusal)));
    }
    Ok(refused)
}

/// Cancels the shifts of a cancelled event, so that their volunteers are free at that
/// time.
pub(crate) async fn follow(
    tx: &mut Tx,
    event: &ServiceEvent,
    change: Change<ServiceEventAction>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(step) = event
        .lifecycle
        .steps()
        .last()
        .filter(|_| change == Change::Act(ServiceEventAction::Cancel))
    else {
        return Ok(());
    };
    // 1 and 2 are open and filled, the only states in which a shift can be cancelled.
    let shifts = sqlx::query_scalar!(
        "select id from shift where coalesce(service_event_id, service_post_id, station_id) = $1 \
         and state in (1, 2) order by id",
        event.metadata.id,
    )
    .fetch_all(&mut *tx)
    .await?;
    // In the order of their ids, so that two transactions can't deadlock.
    for id in shifts {
        let step = NewTransition {
            action: ShiftAction::Cancel,
            time: now,
            actor: step.actor.0.clone(),
            reason: step.reason.0.clone(),
        };
        take_along::<Shift>(tx, id, step).await?;
    }
    Ok(())
}
