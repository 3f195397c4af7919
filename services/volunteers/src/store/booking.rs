//! Guard of bookings, and the days of a session as callers see them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_kernel::limit::{DEFAULT_ZONE, day_start};
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Record as _};

use crate::domain::{
    booking::{Booking, BookingAction, BookingState},
    recurring_session::Weekday,
};

/// Rejects bookings on days on which the session is not held, after it has ended, or when
/// it is full, and records of attendance before it has begun. Concurrent bookings of a
/// session are serialised by an advisory lock on it.
pub(crate) async fn guard(
    tx: &mut Tx,
    bookings: &[Booking],
    change: Change<BookingAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    // Cancelling needs no lock: it only frees a place, so no concurrent booking can
    // exceed the capacity because of it.
    if change == Change::Act(BookingAction::Cancel) {
        return Ok(Vec::new());
    }
    if change == Change::Create {
        // Locked before the places are counted: under read committed, the next statement
        // then sees the bookings of those that held the lock before.
        let sessions = bookings.iter().map(|booking| booking.recurring_session_id);
        queue::stand_in_line(tx, sessions).await?;
    }
    let mut found = sessions(tx, bookings).await?;
    let mut refused = Vec::new();
    for booking in bookings {
        // The places that are left are counted down in memory, since the bookings of this
        // batch are not inserted yet.
        let key = (booking.recurring_session_id, booking.session_date);
        // In a dry run, the session may be part of what is being tried.
        let Some(session) = found.get_mut(&key) else {
            continue;
        };
        let refusal = if change == Change::Create {
            // Imported bookings are of the past, so the end of their session doesn't
            // reject them. A cancelled booking is checked for its day, but occupies no
            // place.
            let is_over = !booking.metadata.imported && session.end_time <= now;
            let takes = !booking.lifecycle.is_in(&[BookingState::Cancelled]);
            session.take(is_over, takes)
        } else {
            session.require_begun(now)
        };
        refused.extend(refusal.map(|refusal| (booking.metadata.id, refusal)));
    }
    Ok(refused)
}

/// Returns the sessions that are booked, by id and day.
async fn sessions(
    tx: &mut Tx,
    bookings: &[Booking],
) -> Result<HashMap<(Uuid, NaiveDate), Session>, StoreError> {
    let sessions: Vec<Uuid> = bookings.iter().map(|b| b.recurring_session_id).collect();
    let days: Vec<NaiveDate> = bookings.iter().map(|b| b.session_date).collect();
    // 4 is `BookingState::Cancelled`, as a literal: with a parameter, the planner couldn't
    // use the partial index of the bookings that count.
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
    // Session times are wall-clock minutes in the community's time zone, so they are
    // converted for each day.
    Ok(rows
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
        .collect())
}

/// The state of a session on one day.
struct Session {
    start_time: DateTime<Utc>,
    end_time: DateTime<Utc>,
    is_held: bool,
    is_closed: bool,
    left: i32,
}

impl Session {
    /// Takes a place, or returns the refusal if there is none.
    fn take(&mut self, is_over: bool, takes: bool) -> Option<Refusal> {
        let (guard, why) = if !self.is_held {
            (Guard::SessionNotHeld, "the session is not held on that day")
        } else if self.is_closed {
            (Guard::StationClosed, "the station is closed on that day")
        } else if is_over {
            (Guard::SessionOver, "the session has ended")
        } else if takes && self.left < 1 {
            (Guard::SessionFull, "every place is taken")
        } else {
            // Only a booking that passes every check uses up a place; a rejected row must
            // not exclude the rows after it.
            self.left -= i32::from(takes);
            return None;
        };
        Some(Refusal::guard(guard, Booking::KIND, why))
    }

    /// Returns the refusal if the session has not begun.
    fn require_begun(&self, now: DateTime<Utc>) -> Option<Refusal> {
        let why = "the session has not begun";
        (now < self.start_time).then(|| Refusal::guard(Guard::NotBegun, Booking::KIND, why))
    }
}

/// A scheduled day of a session.
#[derive(Debug)]
pub(crate) struct Day {
    /// The day.
    pub(crate) day: NaiveDate,
    /// Reason why the station is closed on that day; `None` if it is open.
    pub(crate) closed_for: Option<String>,
    /// Number of places that are booked on that day.
    pub(crate) booked: i32,
}

/// Returns the closure and the number of bookings for each of these days. The session is
/// not checked against a scope: the caller must have read it in its own.
pub(crate) async fn session_days(
    pool: &PgPool,
    session_id: Uuid,
    days: &[NaiveDate],
) -> Result<Vec<Day>, StoreError> {
    // A day can be closed by several records, e.g. for an area and for the station. The
    // one that was entered first supplies the reason.
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
