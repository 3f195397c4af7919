//! Guards for commitments that are still open: bookings, filled shifts and deliveries. An
//! end, a closed day or a smaller capacity never breaks them: it is rejected until each
//! commitment is fulfilled, or cancelled by a caller that notifies the people affected.
//! Memberships and other records with a period are no commitments: they are no longer in
//! effect once the record that they belong to has ended, and need no step of their own.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of, day_start};
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Dated, NoAction, Record as _};

use crate::domain::{
    closed_day::ClosedDay,
    recurring_session::{RecurringSession, Weekday},
    station::Station,
};

/// Returns the refusal of a change that open commitments conflict with, or `None` if
/// there are none. `when` names the affected ones.
pub(super) fn refuse(kind: &str, when: &str, promises: &[(i64, &str)]) -> Option<Refusal> {
    let named: Vec<String> = promises
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let why = format!(
        "{when}: to be fulfilled or cancelled first: {}",
        named.join(", ")
    );
    (!named.is_empty()).then(|| Refusal::guard(Guard::Promised, kind, why))
}

/// Records that are being ended, and the day from which open commitments conflict with
/// it: the end, or today if the end is in the past.
struct Ends {
    ids: Vec<Uuid>,
    days: Vec<NaiveDate>,
    times: Vec<DateTime<Utc>>,
}

impl Ends {
    fn of<R: Dated>(records: &[R], change: Change<NoAction>, now: DateTime<Utc>) -> Self {
        // An end in the past conflicts only with commitments from today on.
        let today = day_of(now, DEFAULT_ZONE);
        let ended = records
            .iter()
            .filter(|_| matches!(change, Change::End | Change::CorrectEnd));
        let ended = ended.filter_map(|record| Some((record.metadata().id, record.end_date()?)));
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

/// Rejects the end of a volunteer or a post while a filled shift remains after it.
pub(crate) async fn of_shifts<R: Dated>(
    tx: &mut Tx,
    records: &[R],
    change: Change<NoAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ends = Ends::of(records, change, now);
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    // Ids are unique across kinds of records, so one statement serves both.
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
    // States 2 and 3 are filled and signed in. An open shift is no commitment, and hours
    // that await confirmation are already served.
    let refused = rows.into_iter().filter_map(|row| {
        let when = format!("on {} or later", row.day);
        Some((row.id, refuse(R::KIND, &when, &[(row.shifts, "shifts")])?))
    });
    Ok(refused.collect())
}

/// Rejects the end of a station while it has bookings, deliveries or filled shifts after
/// it.
pub(crate) async fn of_stations(
    tx: &mut Tx,
    stations: &[Station],
    change: Change<NoAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ends = Ends::of(stations, change, now);
    if ends.ids.is_empty() {
        return Ok(Vec::new());
    }
    // Bookings hold the same locks while they read the station's days, so none can be
    // added between this check and the commit.
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
        // Deliveries have no day: those that are open count as due today, so they
        // conflict with an end that is not later than today.
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

/// Rejects the end or the smaller capacity of a session that would leave bookings without
/// a place.
pub(crate) async fn of_sessions(
    tx: &mut Tx,
    sessions: &[RecurringSession],
    change: Change<NoAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if change == Change::Create {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.metadata.id).collect();
    // The lock that bookings hold while they count places: none can be added between this
    // check and the commit.
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
        for row in rows.iter().filter(|row| row.id == session.metadata.id) {
            let has_ended = session.end_date.is_some_and(|end| end <= row.day);
            // Per day, bookings beyond the new capacity are affected; from the end on,
            // all of them.
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

/// Rejects a closed day on which places are booked.
pub(crate) async fn of_closed_days(
    tx: &mut Tx,
    closed: &[ClosedDay],
    change: Change<NoAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let today = day_of(now, DEFAULT_ZONE);
    let mut refused = Vec::new();
    // Only days from today on: a closure in the past breaks no commitment.
    let coming = closed.iter().filter(|closed| closed.closed_date >= today);
    for closed in coming.filter(|_| change == Change::Create) {
        let sessions = sqlx::query_scalar!(
            "select id from recurring_session where starts_with(area_code, $1) \
             and ($2::uuid is null or station_id = $2) and weekday = $3 \
             and start_date <= $4 and (end_date is null or end_date > $4)",
            closed.metadata.area_code,
            closed.station_id,
            Weekday::of(closed.closed_date).code(),
            closed.closed_date,
        )
        .fetch_all(&mut *tx)
        .await?;
        // The lock that bookings hold while they read the closed days: none can be added
        // between this check and the commit.
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
        refused.extend(refusal.map(|refusal| (closed.metadata.id, refusal)));
    }
    Ok(refused)
}
