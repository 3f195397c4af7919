//! The deadline clocks of a ticket. A clock stores every interval that it has counted or
//! skipped, so that its deadline can be explained.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{
    coded_enum,
    limit::{self, DEFAULT_ZONE},
};

use super::{
    category::{Limit, LimitKind},
    ticket_state::TicketAction,
};

coded_enum! {
    /// Period that a clock limits. The numbers are the contract's.
    ClockKind {
        /// From the report to the filing.
        Filing = 1 => "filing",
        /// From the filing, or a returned order, to the dispatch.
        Dispatch = 2 => "dispatch",
        /// From the dispatch to the confirmed result.
        Handling = 3 => "handling",
    }
}

coded_enum! {
    /// Status of a clock. The numbers are the contract's.
    Light {
        /// Less than 80 % of the limit is used.
        Green = 1 => "green",
        /// At least 80 % of the limit is used.
        Yellow = 2 => "yellow",
        /// The limit has passed.
        Red = 3 => "red",
    }
}

/// Limit that the profile sets for filing and for dispatching.
pub const PROFILE_LIMIT: Limit = Limit {
    kind: LimitKind::ContinuousMinutes,
    amount: 15,
};
/// Name of the profile as the source of a limit.
pub const PROFILE: &str = "profile";

/// An interval of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Start of the interval, inclusive.
    pub start: DateTime<Utc>,
    /// End of the interval; none while it is running.
    pub end: Option<DateTime<Utc>>,
    /// True if the interval counts towards the limit.
    pub counted: bool,
    /// Action that started the interval.
    pub cause: TicketAction,
}

/// A deadline clock of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Period that the clock limits.
    pub kind: ClockKind,
    /// Limit at the time when the clock was started.
    pub limit: Limit,
    /// Source of the limit, to explain the deadline.
    pub limit_source: String,
    /// Unit whose time a handling clock measures.
    pub unit_id: Option<Uuid>,
    /// Intervals in order of time, without gaps or overlaps.
    pub stretches: Vec<Stretch>,
}

impl Clock {
    /// Creates a running clock, started at `at`.
    pub fn start(
        kind: ClockKind,
        limit: Limit,
        limit_source: String,
        unit_id: Option<Uuid>,
        at: DateTime<Utc>,
        cause: TicketAction,
    ) -> Self {
        let first = Stretch {
            start: at,
            end: None,
            counted: true,
            cause,
        };
        Self {
            kind,
            limit,
            limit_source,
            unit_id,
            stretches: vec![first],
        }
    }

    /// Returns true if the clock is paused.
    pub fn is_paused(&self) -> bool {
        self.stretches
            .last()
            .is_some_and(|last| last.end.is_none() && !last.counted)
    }

    /// Returns the time when the clock was stopped; none while it is running or paused.
    pub fn stopped(&self) -> Option<DateTime<Utc>> {
        self.stretches.last().and_then(|last| last.end)
    }

    /// Ends the current interval and stops the clock.
    pub(super) fn stop(&mut self, at: DateTime<Utc>) {
        if let Some(last) = self.stretches.last_mut() {
            // A stopped clock keeps its first end: callers stop all clocks of a ticket, including
            // those that were stopped before.
            last.end.get_or_insert(at);
        }
    }

    /// Pauses the clock: starts an interval that doesn't count.
    pub(super) fn pause(&mut self, at: DateTime<Utc>, cause: TicketAction) {
        self.stop(at);
        self.stretches.push(Stretch {
            start: at,
            end: None,
            counted: false,
            cause,
        });
    }

    /// Resumes the clock; the time since it was stopped or paused doesn't count.
    pub(super) fn resume(
        &mut self,
        at: DateTime<Utc>,
        cause: TicketAction,
        stopped_by: TicketAction,
    ) {
        // The gap becomes an interval of its own: intervals must be contiguous to explain the
        // deadline.
        if let Some(stopped) = self.stopped() {
            let skipped = Stretch {
                start: stopped,
                end: Some(at),
                counted: false,
                cause: stopped_by,
            };
            self.stretches.push(skipped);
        }
        self.stop(at);
        self.stretches.push(Stretch {
            start: at,
            end: None,
            counted: true,
            cause,
        });
    }

    /// Returns the deadline; none while the clock is paused, since the length of the pause
    /// isn't known yet.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let start = self.stretches.first()?.start;
        (!self.is_paused())
            .then(|| limit::due(self.limit.measure(), start, self.skipped(), DEFAULT_ZONE))
    }

    /// Returns the status at `now`, or at the time when the clock was stopped.
    pub fn light(&self, now: DateTime<Utc>) -> Option<Light> {
        let start = self.stretches.first()?.start;
        let last = self.stretches.last()?;
        // A paused clock has the status of the moment when the pause began. Pauses that have
        // ended are part of `skipped`.
        let at = last
            .end
            .unwrap_or(if last.counted { now } else { last.start });
        let skipped = self.skipped();
        let due = limit::due(self.limit.measure(), start, skipped, DEFAULT_ZONE);
        Some(match limit::used_permille(start, due, skipped, at) {
            1000.. => Light::Red,
            800.. => Light::Yellow,
            _ => Light::Green,
        })
    }

    /// Returns the total time of intervals that don't count and have ended.
    fn skipped(&self) -> Duration {
        self.stretches
            .iter()
            .filter(|stretch| !stretch.counted)
            .filter_map(|stretch| Some(stretch.end? - stretch.start))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_600_000_000 + minutes * 60, 0).unwrap()
    }

    fn hours(amount: i32) -> Clock {
        let limit = Limit {
            kind: LimitKind::ContinuousHours,
            amount,
        };
        Clock::start(
            ClockKind::Handling,
            limit,
            PROFILE.into(),
            None,
            at(0),
            TicketAction::Dispatch,
        )
    }

    #[test]
    fn a_light_turns_at_80_and_at_100_per_cent() {
        let clock = hours(10);
        let light = |minutes| clock.light(at(minutes)).unwrap();
        assert_eq!(
            [light(479), light(480), light(599), light(600)],
            [Light::Green, Light::Yellow, Light::Yellow, Light::Red]
        );
    }

    #[test]
    fn a_paused_clock_has_no_deadline_and_keeps_its_light() {
        let mut clock = hours(1);
        clock.pause(at(30), TicketAction::Return);
        assert_eq!(clock.due(), None);
        assert_eq!(clock.light(at(6000)), Some(Light::Green));
        clock.resume(at(100), TicketAction::Dispatch, TicketAction::Return);
        assert_eq!(clock.due(), Some(at(130)));
    }

    proptest! {
        /// However often a clock is paused, the counted time until the deadline equals the
        /// limit, and the intervals are contiguous.
        #[test]
        fn counted_time_is_the_limit(steps in proptest::collection::vec((1_i64..500, 1_i64..500), 0..8)) {
            let mut clock = hours(2000);
            let mut now = 0;
            for (run, rest) in steps {
                now += run;
                clock.pause(at(now), TicketAction::Return);
                now += rest;
                clock.resume(at(now), TicketAction::Dispatch, TicketAction::Return);
            }
            let due = clock.due().unwrap();
            let counted: Duration = clock.stretches.iter().filter(|s| s.counted)
                .map(|s| s.end.unwrap_or(due) - s.start).sum();
            prop_assert_eq!(counted, Duration::hours(2000));
            for pair in clock.stretches.windows(2) {
                prop_assert_eq!(pair[0].end, Some(pair[1].start));
            }
        }

        /// Deadlines in days, too, move by exactly the pause, at any time of day.
        #[test]
        fn a_stop_and_a_resumption_move_days_by_the_time_between(start in 0_i64..100_000, gap in 1_i64..9000) {
            let limit = Limit { kind: LimitKind::CalendarDays, amount: 3 };
            let mut clock = Clock::start(ClockKind::Handling, limit, PROFILE.into(), None, at(start), TicketAction::Dispatch);
            let before = clock.due().unwrap();
            clock.stop(at(start + 5));
            clock.resume(at(start + 5 + gap), TicketAction::Fail, TicketAction::Confirm);
            prop_assert_eq!(clock.due().unwrap() - before, Duration::minutes(gap));
        }
    }
}
