//! Statements on bookings.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_pg::{StoreError, Tx};
use wangge_records::{Record as _, kept::CREATE};

use crate::{
    domain::{
        booking::{Booking, BookingState},
        recurring_session::Weekday,
    },
    store::queue,
};

/// Rejects a booking on a day without the session, of a session that has ended, and of
/// one without free places. Concurrent bookings of a session are serialised by its lock.
/// Attendance can only be recorded once the session has begun.
pub(crate) async fn guard(
    tx: &mut Tx,
    bookings: &[Booking],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action == "cancel" {
        // A cancellation is always possible: it only gives a place back.
        return Ok(Vec::new());
    }
    let sessions: Vec<Uuid> = bookings.iter().map(|b| b.recurring_session_id).collect();
    // Only a new booking takes a place. The lock is held until the commit, so the count below
    // can't be overtaken by another booking.
    if action == CREATE {
        queue::stand_in_line(tx, &sessions).await?;
    }
    let days: Vec<NaiveDate> = bookings.iter().map(|b| b.session_date).collect();
    // State 4 is `Cancelled`: its place is free. The prefix match finds days that are closed in
    // the session's area or in one that contains it.
    let rows = sqlx::query!(
        "select session.id, day as \"day!\", session.weekday, session.start_minute, session.end_minute, \
             session.start_date <= day and (session.end_date is null or session.end_date > day) \
                 and (station.end_date is null or station.end_date > day) as \"holds!\", \
             exists (select from closed_day where closed_date = day \
                 and starts_with(session.area_code, closed_day.area_code) \
                 and (closed_day.station_id is null or closed_day.station_id = session.station_id)) \
                 as \"closed!\", \
             session.capacity - (select count(*)::int from booking where booking.recurring_session_id = session.id \
                 and session_date = day and state <> 4) as \"left!\" \
         from (select distinct id, day from unnest($1::uuid[], $2::date[]) as asked (id, day)) asked \
         join recurring_session session using (id) join station on station.id = session.station_id",
        &sessions,
        &days,
    )
    .fetch_all(tx)
    .await?;
    let mut found: HashMap<(Uuid, NaiveDate), Session> = rows
        .into_iter()
        .map(|row| {
            let midnight = day_start(row.day, DEFAULT_ZONE);
            let at = |minute: i32| midnight + TimeDelta::minutes(minute.into());
            let session = Session {
                start_time: at(row.start_minute),
                end_time: at(row.end_minute),
                is_held: row.holds && Weekday::of(row.day).code() == row.weekday,
                is_closed: row.closed,
                left: row.left,
            };
            ((row.id, row.day), session)
        })
        .collect();
    let mut refused = Vec::new();
    for booking in bookings {
        let key = (booking.recurring_session_id, booking.session_date);
        // In a dry run, the session may be a row that isn't in the database yet.
        let Some(session) = found.get_mut(&key) else {
            continue;
        };
        let refusal = if action == CREATE {
            // Imported bookings are of the past: their sessions may be over.
            let is_over = !booking.head.imported && session.end_time <= now;
            // An imported booking may be cancelled already and then takes no place.
            let takes = !booking.course.is_in(&[BookingState::Cancelled]);
            session.take(is_over, takes)
        } else {
            session.demand_begun(now)
        };
        refused.extend(refusal.map(|refusal| (booking.head.id, refusal)));
    }
    Ok(refused)
}

/// A session on one day.
struct Session {
    start_time: DateTime<Utc>,
    end_time: DateTime<Utc>,
    is_held: bool,
    is_closed: bool,
    left: i32,
}

impl Session {
    /// Takes a place, or returns the reason why there is none.
    fn take(&mut self, is_over: bool, takes: bool) -> Option<Refusal> {
        let (guard, why) = if !self.is_held {
            ("session_not_held", "the session is not held on that day")
        } else if self.is_closed {
            ("station_closed", "the station is closed on that day")
        } else if is_over {
            ("session_over", "the session has ended")
        } else if takes && self.left < 1 {
            ("session_full", "every place is taken")
        } else {
            // Counted here as well: earlier bookings of the same batch aren't in the database yet.
            self.left -= i32::from(takes);
            return None;
        };
        Some(Refusal::guard(guard, Booking::KIND, why))
    }

    /// Returns a refusal if the session has not begun.
    fn demand_begun(&self, now: DateTime<Utc>) -> Option<Refusal> {
        let why = "the session has not begun";
        (now < self.start_time).then(|| Refusal::guard("not_begun", Booking::KIND, why))
    }
}

/// A day on which a session may be held.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) day: NaiveDate,
    /// Name of the closed day, if the station is closed.
    pub(crate) closed_for: Option<String>,
    /// Number of places that are booked.
    pub(crate) booked: i32,
}

/// Returns the given days of a session, whose scope the caller has checked.
pub(crate) async fn session_days(
    pool: &PgPool,
    session_id: Uuid,
    days: &[NaiveDate],
) -> Result<Vec<Day>, StoreError> {
    // Of several closed days on one date, the one that was entered first names the reason.
    Ok(sqlx::query_as!(
        Day,
        "select day as \"day!\", \
             (select closed_day.name from closed_day where closed_date = day \
                 and starts_with(session.area_code, closed_day.area_code) \
                 and (closed_day.station_id is null or closed_day.station_id = session.station_id) \
                 order by entry limit 1) as closed_for, \
             (select count(*)::int from booking where booking.recurring_session_id = session.id \
                 and session_date = day and state <> 4) as \"booked!\" \
         from recurring_session session, unnest($2::date[]) as asked (day) \
         where session.id = $1 order by day",
        session_id,
        days,
    )
    .fetch_all(pool)
    .await?)
}
