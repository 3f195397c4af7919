//! What was promised to somebody and still stands: bookings, shifts that somebody
//! has, deliveries. No end, no closed day and no smaller room breaks a promise: it
//! is refused until each was kept, or cancelled by whoever tells those hit.
//! Memberships and what else holds from a day to a day are no promises: they no
//! longer hold once what they are of has ended, and need no step of their own.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of, day_start};
use wangge_pg::{StoreError, Tx};
use wangge_resource::{
    Dated, Record as _,
    end::{CORRECT_END, END},
};
use wangge_resource_store::table::CREATE;

use crate::{
    domain::{
        closed_day::ClosedDay,
        recurring_session::{RecurringSession, Weekday},
        station::Station,
    },
    store::queue,
};

/// Refuses what promises stand against, if some do. `when` says which ones.
pub(super) fn refuse(kind: &str, when: &str, promises: &[(i64, &str)]) -> Option<Refusal> {
    let named: Vec<String> = promises
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let why = format!(
        "{when}: to be kept or cancelled first: {}",
        named.join(", ")
    );
    (!named.is_empty()).then(|| Refusal::guard("promised", kind, why))
}

/// Records that are ended, and from which day on promises stand against that:
/// from the end on, but for those whose day is past.
struct Ends {
    ids: Vec<Uuid>,
    days: Vec<NaiveDate>,
    times: Vec<DateTime<Utc>>,
}

impl Ends {
    fn of<R: Dated>(records: &[R], action: &str, now: DateTime<Utc>) -> Self {
        let today = day_of(now, DEFAULT_ZONE);
        let ended = records
            .iter()
            .filter(|_| [END, CORRECT_END].contains(&action));
        let ended = ended.filter_map(|record| Some((record.head().id, record.end_date()?)));
        let (ids, days): (Vec<Uuid>, Vec<NaiveDate>) =
            ended.map(|(id, end)| (id, end.max(today))).unzip();
        let times = days.iter().map(|day| day_start(*day, DEFAULT_ZONE));
        Self {
            times: times.collect(),
            ids,
            days,
        }
    }
}

/// A volunteer who leaves has no shift left, and a post that ends leaves nobody on one.
pub(crate) async fn of_shifts<R: Dated>(
    tx: &mut Tx,
    records: &[R],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ends = Ends::of(records, action, now);
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    // An id is that of one record, of whatever kind.
    let rows = sqlx::query!(
        "select id as \"id!\", day as \"day!\", \
             (select count(*) from shift where (volunteer_id = asked.id \
                     or coalesce(service_event_id, service_post_id, station_id) = asked.id) \
                 and state in (2, 3) and end_time > time) as \"shifts!\" \
         from unnest($1::uuid[], $2::date[], $3::timestamptz[]) as asked (id, day, time)",
        &ends.ids,
        &ends.days,
        &ends.times,
    )
    .fetch_all(tx)
    .await?;
    let refused = rows.into_iter().filter_map(|row| {
        let when = format!("on {} or later", row.day);
        Some((row.id, refuse(R::KIND, &when, &[(row.shifts, "shifts")])?))
    });
    Ok(refused.collect())
}

/// A station that ends leaves no booking, no delivery and nobody on a shift at it.
pub(crate) async fn of_stations(
    tx: &mut Tx,
    stations: &[Station],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ends = Ends::of(stations, action, now);
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    // Those who book stand in the same lines, and look at the station's days in
    // them.
    let sessions = sqlx::query_scalar!(
        "select id from recurring_session where station_id = any($1)",
        &ends.ids,
    )
    .fetch_all(&mut *tx)
    .await?;
    queue::stand_in_line(tx, &sessions).await?;
    let rows = sqlx::query!(
        "select id as \"id!\", day as \"day!\", \
             (select count(*) from recurring_session session join booking \
                 on booking.recurring_session_id = session.id where session.station_id = asked.id \
                 and booking.state = 1 and session_date >= day) as \"bookings!\", \
             (select count(*) from delivery where station_id = asked.id and state = 1 \
                 and day <= $4) as \"deliveries!\", \
             (select count(*) from shift \
                 where coalesce(service_event_id, service_post_id, station_id) = asked.id \
                 and state in (2, 3) and end_time > time) as \"shifts!\" \
         from unnest($1::uuid[], $2::date[], $3::timestamptz[]) as asked (id, day, time)",
        &ends.ids,
        &ends.days,
        &ends.times,
        // Deliveries have no day: those that are open are for now.
        day_of(now, DEFAULT_ZONE),
    )
    .fetch_all(tx)
    .await?;
    let refused = rows.into_iter().filter_map(|row| {
        let when = format!("on {} or later", row.day);
        let promises = [
            (row.bookings, "bookings"),
            (row.deliveries, "deliveries"),
            (row.shifts, "shifts"),
        ];
        Some((row.id, refuse(Station::KIND, &when, &promises)?))
    });
    Ok(refused.collect())
}

/// A session that ends, or takes fewer people, keeps the places that are booked.
pub(crate) async fn of_sessions(
    tx: &mut Tx,
    sessions: &[RecurringSession],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action == CREATE {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.head.id).collect();
    queue::stand_in_line(tx, &ids).await?;
    let rows = sqlx::query!(
        "select recurring_session_id as id, session_date as day, count(*) as \"booked!\" \
         from booking where recurring_session_id = any($1) and state = 1 and session_date >= $2 \
         group by recurring_session_id, session_date",
        &ids,
        day_of(now, DEFAULT_ZONE),
    )
    .fetch_all(tx)
    .await?;
    let mut hit: HashMap<Uuid, i64> = HashMap::new();
    for session in sessions {
        for row in rows.iter().filter(|row| row.id == session.head.id) {
            let has_ended = session.end_date.is_some_and(|end| end <= row.day);
            let left = if has_ended {
                0
            } else {
                session.capacity.into()
            };
            *hit.entry(row.id).or_default() += (row.booked - left).max(0);
        }
    }
    let refused = hit.into_iter().filter_map(|(id, count)| {
        let promises = [(count, "bookings")];
        Some((
            id,
            refuse(RecurringSession::KIND, "without a place", &promises)?,
        ))
    });
    Ok(refused.collect())
}

/// A day is closed before somebody has booked on it.
pub(crate) async fn of_closed_days(
    tx: &mut Tx,
    closed: &[ClosedDay],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let today = day_of(now, DEFAULT_ZONE);
    let mut refused = Vec::new();
    let coming = closed.iter().filter(|closed| closed.closed_date >= today);
    for closed in coming.filter(|_| action == CREATE) {
        let sessions = sqlx::query_scalar!(
            "select id from recurring_session where starts_with(area_code, $1) \
             and ($2::uuid is null or station_id = $2) and weekday = $3 \
             and start_date <= $4 and (end_date is null or end_date > $4)",
            closed.head.area_code,
            closed.station_id,
            Weekday::of(closed.closed_date).code(),
            closed.closed_date,
        )
        .fetch_all(&mut *tx)
        .await?;
        queue::stand_in_line(tx, &sessions).await?;
        let booked = sqlx::query_scalar!(
            "select count(*) as \"booked!\" from booking \
             where recurring_session_id = any($1) and session_date = $2 and state = 1",
            &sessions,
            closed.closed_date,
        )
        .fetch_one(&mut *tx)
        .await?;
        let when = format!("on {}", closed.closed_date);
        let refusal = refuse(ClosedDay::KIND, &when, &[(booked, "bookings")]);
        refused.extend(refusal.map(|refusal| (closed.head.id, refusal)));
    }
    Ok(refused)
}
