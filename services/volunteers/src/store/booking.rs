//! Statements on bookings.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_pg::{StoreError, Tx};
use wangge_resource::Record as _;
use wangge_resource_store::table::CREATE;

use crate::{
    domain::{
        booking::{Booking, BookingState},
        recurring_session::Weekday,
    },
    store::queue,
};

/// A place is booked on a day on which the session is held, while it isn't over,
/// and there are as many as the session has. Those who book at the same time
/// stand in line for the session. Who came or didn't is known once it has begun.
pub(crate) async fn guard(
    tx: &mut Tx,
    bookings: &[Booking],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action == "cancel" {
        return Ok(Vec::new());
    }
    let sessions: Vec<Uuid> = bookings.iter().map(|b| b.recurring_session_id).collect();
    if action == CREATE {
        queue::stand_in_line(tx, &sessions).await?;
    }
    let days: Vec<NaiveDate> = bookings.iter().map(|b| b.session_date).collect();
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
        // In a trial the session may be part of what is tried.
        let Some(session) = found.get_mut(&key) else {
            continue;
        };
        let refusal = if action == CREATE {
            let is_over = !booking.head.imported && session.end_time <= now;
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
    /// Takes a place, or says why there is none.
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
            self.left -= i32::from(takes);
            return None;
        };
        Some(Refusal::guard(guard, Booking::KIND, why))
    }

    /// Says that the session has not begun, if that is so.
    fn demand_begun(&self, now: DateTime<Utc>) -> Option<Refusal> {
        let why = "the session has not begun";
        (now < self.start_time).then(|| Refusal::guard("not_begun", Booking::KIND, why))
    }
}

/// A day on which a session may fall.
#[derive(Debug)]
pub(crate) struct Day {
    /// The day.
    pub(crate) day: NaiveDate,
    /// Why the station is closed.
    pub(crate) closed_for: Option<String>,
    /// How many places are taken.
    pub(crate) booked: i32,
}

/// What is known of some days of a session that the caller reaches.
pub(crate) async fn session_days(
    pool: &PgPool,
    session_id: Uuid,
    days: &[NaiveDate],
) -> Result<Vec<Day>, StoreError> {
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
