//! Statements on the records that depend on service events.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx, transaction::Failure};
use wangge_records::{Record as _, course::Taken, write::take_along};

use crate::{
    domain::{
        service_event::ServiceEvent,
        shift::{Shift, ShiftState},
    },
    store::promises,
};

/// Rejects a new time of an event that leaves shifts outside: a shift that was within the
/// event and has not ended must be within it afterwards. If the new time doesn't overlap
/// the old one, this includes shifts outside the old time. Shifts are never moved along:
/// a volunteer has promised that time, and no other.
pub(crate) async fn guard(
    tx: &mut Tx,
    events: &[ServiceEvent],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let standing = [ShiftState::Open, ShiftState::Filled, ShiftState::SignedIn];
    let mut refused = Vec::new();
    for event in events.iter().filter(|_| action == "update") {
        // The guard runs before the update, so the joined `event` row still has the old time; the
        // parameters are the new one.
        let left = sqlx::query!(
            "select count(*) filter (where shift.state = $4) as \"open!\", \
                 count(*) filter (where shift.state <> $4) as \"taken!\" \
             from service_event event join shift \
                 on coalesce(shift.service_event_id, shift.service_post_id, shift.station_id) = event.id \
             where event.id = $1 and shift.state = any($5) and shift.end_time > $6 \
             and not (shift.start_time >= $2 and shift.end_time <= $3) \
             and (shift.start_time >= event.start_time and shift.end_time <= event.end_time \
                 or $2 >= event.end_time or $3 <= event.start_time)",
            event.head.id,
            event.start_time,
            event.end_time,
            ShiftState::Open.code(),
            &standing.map(ShiftState::code)[..],
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        let shifts = [
            (left.taken, "shifts that somebody has"),
            (left.open, "open shifts"),
        ];
        let refusal = promises::refuse(ServiceEvent::KIND, "outside of the new time", &shifts);
        refused.extend(refusal.map(|refusal| (event.head.id, refusal)));
    }
    Ok(refused)
}

/// Cancels the shifts of an event that is cancelled, so that their volunteers are free at
/// that time.
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
        // States 1 and 2 are `Open` and `Filled`, the only ones that can be cancelled: a shift that
        // has begun keeps its hours.
        "select id from shift where coalesce(service_event_id, service_post_id, station_id) = $1 \
         and state in (1, 2) order by id",
        event.head.id,
    )
    .fetch_all(&mut *tx)
    .await?;
    for id in shifts {
        // The shift's step repeats the actor and the reason of the event's own.
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
