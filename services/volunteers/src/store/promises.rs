//! Guards of promises that are still open: bookings, filled shifts and deliveries. An
//! end, a closed day or a reduced capacity never breaks one: it is refused until each
//! promise was kept, or cancelled by a caller that informs those affected. Memberships
//! and other records with a range of days are not promises: they no longer hold once the
//! record that they belong to has ended, without a step of their own.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of, day_start};
use wangge_pg::{StoreError, Tx};
use wangge_records::{
    Dated, Record as _,
    end::{CORRECT_END, END},
    kept::CREATE,
};

use crate::{
    domain::{
        closed_day::ClosedDay,
        recurring_session::{RecurringSession, Weekday},
        station::Station,
    },
    store::queue,
};

/// Returns a refusal if open promises prevent a change. `when` describes the promises.
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

/// Records that are being ended, and the day from which promises count: the day of the
/// end, or today if that is in the past.
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
            // Other actions end nothing: no records, so the guards return early.
            .filter(|_| [END, CORRECT_END].contains(&action));
        let ended = ended.filter_map(|record| Some((record.head().id, record.end_date()?)));
        let (ids, days): (Vec<Uuid>, Vec<NaiveDate>) =
            // Not before today: a promise of a past day can't be broken any more.
            ended.map(|(id, end)| (id, end.max(today))).unzip();
        let times = days.iter().map(|day| day_start(*day, DEFAULT_ZONE));
        Self {
            times: times.collect(),
            ids,
            days,
        }
    }
}

/// Rejects the end of a volunteer, or of a post, with filled shifts after it.
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
    // An id is unique across all kinds, so one statement serves volunteers and posts. States
    // 2 and 3 are `Filled` and `SignedIn`.
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

/// Rejects the end of a station with bookings, deliveries or filled shifts after it.
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
    // Bookings take the same locks and check the station's days under them, so none can be
    // added between this count and the commit.
    let sessions = sqlx::query_scalar!(
        "select id from recurring_session where station_id = any($1)",
        &ends.ids,
    )
    .fetch_all(&mut *tx)
    .await?;
    queue::stand_in_line(tx, &sessions).await?;
    // Booking and delivery state 1 are `Booked` and `Requested`; shift states 2 and 3 are
    // `Filled` and `SignedIn`. A shift that ends after midnight of the day counts, too.
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
        // Deliveries have no date: open ones are due now, so only an end by today breaks them.
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

/// Rejects an end or a smaller capacity of a session that leaves bookings without a place.
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
    // The locks of bookings: none can be added between this count and the commit.
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
        // The guard runs before the update: `session` has the new end and capacity.
        for row in rows.iter().filter(|row| row.id == session.head.id) {
            let has_ended = session.end_date.is_some_and(|end| end <= row.day);
            let left = if has_ended {
                0
            } else {
                session.capacity.into()
            };
            // Only the bookings in excess: a reduced capacity need not break all of a day.
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

/// Rejects closed days on which places are booked.
pub(crate) async fn of_closed_days(
    tx: &mut Tx,
    closed: &[ClosedDay],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let today = day_of(now, DEFAULT_ZONE);
    let mut refused = Vec::new();
    // Closed days of the past are records of what was: nothing is promised any more.
    let coming = closed.iter().filter(|closed| closed.closed_date >= today);
    for closed in coming.filter(|_| action == CREATE) {
        // Only the sessions of that weekday in the closed area or station: every lock delays the
        // bookings of its session.
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
