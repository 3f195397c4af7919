//! Limits and deadlines: the time that something may take, measured continuously or
//! in calendar days of a time zone, with pauses excluded.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The time zone of a community whose data specify none.
pub const DEFAULT_ZONE: Tz = chrono_tz::Asia::Shanghai;

/// The time that something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Minutes, counted around the clock.
    ContinuousMinutes(i64),
    /// Calendar days: due at the end of the day that is this many days after the
    /// start.
    CalendarDays(i64),
}

/// An interval of a clock, either counted or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Start of the interval.
    pub start: DateTime<Utc>,
    /// End of the interval; `None` for the current one.
    pub end: Option<DateTime<Utc>>,
    /// True if the interval counts against the limit, false for a pause.
    pub counted: bool,
}

/// Returns the deadline of a clock that started at `start` and has been paused for
/// `paused` in total.
///
/// A pause extends the deadline by its own length, for days as for hours: a
/// deadline at midnight with a pause of three hours becomes three o'clock.
pub fn due(limit: Limit, start: DateTime<Utc>, paused: Duration, zone: Tz) -> DateTime<Utc> {
    let unpaused = match limit {
        Limit::ContinuousMinutes(minutes) => start + Duration::minutes(minutes),
        Limit::CalendarDays(days) => {
            let day = start.with_timezone(&zone).date_naive();
            // One more day: the end of the last day is the start of the next one.
            let days = Days::new(u64::try_from(days.saturating_add(1)).unwrap_or_default());
            day_start(day.checked_add_days(days).unwrap_or(NaiveDate::MAX), zone)
        }
    };
    unpaused + paused
}

/// Returns the first moment of a day. In time zones that skip midnight on that day,
/// it is the first existing moment.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    // Searched in steps of 15 minutes for six hours; a day that a zone skips as a
    // whole falls back to midnight UTC.
    (0..=24)
        .find_map(|quarter| {
            zone.from_local_datetime(&(midnight + Duration::minutes(15 * quarter)))
                .earliest()
        })
        .map_or_else(|| midnight.and_utc(), |moment| moment.with_timezone(&Utc))
}

/// Returns the first moment after a day, an exclusive bound for everything that
/// happened on it.
pub fn day_end(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    day_start(day.succ_opt().unwrap_or(day), zone)
}

/// Returns the day of a moment in a time zone.
pub fn day_of(moment: DateTime<Utc>, zone: Tz) -> NaiveDate {
    moment.with_timezone(&zone).date_naive()
}

/// Returns the total length of the pauses, up to `now`.
pub fn paused(intervals: &[Interval], now: DateTime<Utc>) -> Duration {
    intervals
        .iter()
        .filter(|interval| !interval.counted)
        .map(|interval| interval.end.unwrap_or(now) - interval.start)
        .sum()
}

/// Returns the used part of a limit at a moment, in thousandths: the status turns
/// yellow at 800 and red at 1000.
pub fn used_permille(
    start: DateTime<Utc>,
    due: DateTime<Utc>,
    paused: Duration,
    at: DateTime<Utc>,
) -> i64 {
    // Pauses are excluded from both sides; at least one millisecond, so that the
    // division is defined.
    let whole = (due - start - paused).num_milliseconds().max(1);
    let used = (at - start - paused).num_milliseconds().max(0);
    used.saturating_mul(1000) / whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn hours_run_through_the_night() {
        assert_eq!(
            due(
                Limit::ContinuousMinutes(15),
                moment("2022-07-28T15:50:00Z"),
                Duration::zero(),
                DEFAULT_ZONE
            ),
            moment("2022-07-28T16:05:00Z")
        );
    }

    #[test]
    fn days_end_at_midnight_of_the_zone() {
        // 23:30 in Shanghai on the 28th: three days later is the 31st, which ends
        // at 16:00 UTC.
        assert_eq!(
            due(
                Limit::CalendarDays(3),
                moment("2022-07-28T15:30:00Z"),
                Duration::zero(),
                DEFAULT_ZONE
            ),
            moment("2022-07-31T16:00:00Z")
        );
        // Half an hour later it is already the 29th.
        assert_eq!(
            due(
                Limit::CalendarDays(3),
                moment("2022-07-28T16:00:00Z"),
                Duration::zero(),
                DEFAULT_ZONE
            ),
            moment("2022-08-01T16:00:00Z")
        );
    }

    proptest! {
        #[test]
        fn a_pause_moves_the_deadline_by_its_own_length(
            start in 0_i64..4_000_000_000, amount in 1_i64..9000, pause in 0_i64..1_000_000, days: bool
        ) {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let limit = if days { Limit::CalendarDays(amount) } else { Limit::ContinuousMinutes(amount) };
            let without = due(limit, start, Duration::zero(), DEFAULT_ZONE);
            let with = due(limit, start, Duration::seconds(pause), DEFAULT_ZONE);
            prop_assert_eq!(with - without, Duration::seconds(pause));
            prop_assert!(without > start);
        }

        #[test]
        fn a_day_holds_its_own_moments(seconds in 0_i64..4_000_000_000) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            let day = day_of(moment, DEFAULT_ZONE);
            prop_assert!(day_start(day, DEFAULT_ZONE) <= moment);
            prop_assert!(moment < day_end(day, DEFAULT_ZONE));
        }

        #[test]
        fn use_grows_with_time(start in 0_i64..4_000_000_000, minutes in 1_i64..9000, a in 0_i64..900_000, b in 0_i64..900_000) {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let end = due(Limit::ContinuousMinutes(minutes), start, Duration::zero(), DEFAULT_ZONE);
            let (early, late) = (a.min(b), a.max(b));
            let at = |seconds| used_permille(start, end, Duration::zero(), start + Duration::seconds(seconds));
            prop_assert!(at(early) <= at(late));
            prop_assert_eq!(used_permille(start, end, Duration::zero(), end), 1000);
        }
    }
}
