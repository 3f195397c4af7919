//! The clocks of a ticket. A clock keeps every stretch of time that it counted
//! or skipped, so that its deadline explains itself.

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
    /// What a clock limits, numbered as in the contract.
    ClockKind {
        /// From the report to the filing.
        Filing = 1 => "filing",
        /// From the filing, or an order that came back, to the dispatch.
        Dispatch = 2 => "dispatch",
        /// From the dispatch to the confirmed result.
        Handling = 3 => "handling",
    }
}

coded_enum! {
    /// How a clock stands, numbered as in the contract.
    Light {
        /// Under 80 % of the limit is used.
        Green = 1 => "green",
        /// 80 % or more is used.
        Yellow = 2 => "yellow",
        /// The limit has passed.
        Red = 3 => "red",
    }
}

/// The profile's limit for filing and for dispatching.
pub const PROFILE_LIMIT: Limit = Limit {
    kind: LimitKind::ContinuousMinutes,
    amount: 15,
};
/// How the profile is named as a limit's source.
pub const PROFILE: &str = "profile";

/// A stretch of time on a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its beginning.
    pub start: DateTime<Utc>,
    /// Its end; none for the one that runs.
    pub end: Option<DateTime<Utc>>,
    /// Whether it counts.
    pub counted: bool,
    /// What began it.
    pub cause: TicketAction,
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it limits.
    pub kind: ClockKind,
    /// The limit, as it was when the clock was started.
    pub limit: Limit,
    /// Where the limit comes from.
    pub limit_source: String,
    /// The unit on whose time a handling clock runs.
    pub unit_id: Option<Uuid>,
    /// Its stretches, in order.
    pub stretches: Vec<Stretch>,
}

impl Clock {
    /// A clock that starts now.
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

    /// Whether a stretch runs that does not count.
    pub fn is_paused(&self) -> bool {
        self.stretches
            .last()
            .is_some_and(|last| last.end.is_none() && !last.counted)
    }

    /// When it was stopped; none while it runs or is paused.
    pub fn stopped(&self) -> Option<DateTime<Utc>> {
        self.stretches.last().and_then(|last| last.end)
    }

    /// Ends the stretch that runs.
    pub(super) fn stop(&mut self, at: DateTime<Utc>) {
        if let Some(last) = self.stretches.last_mut() {
            last.end.get_or_insert(at);
        }
    }

    /// Begins a stretch that does not count.
    pub(super) fn pause(&mut self, at: DateTime<Utc>, cause: TicketAction) {
        self.stop(at);
        self.stretches.push(Stretch {
            start: at,
            end: None,
            counted: false,
            cause,
        });
    }

    /// Begins a stretch that counts; the time since the clock was stopped or
    /// paused does not.
    pub(super) fn resume(
        &mut self,
        at: DateTime<Utc>,
        cause: TicketAction,
        stopped_by: TicketAction,
    ) {
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

    /// When the limit passes; none while it is paused, since then nobody knows.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let start = self.stretches.first()?.start;
        (!self.is_paused())
            .then(|| limit::due(self.limit.measure(), start, self.skipped(), DEFAULT_ZONE))
    }

    /// How it stands now, or stood when it was stopped.
    pub fn light(&self, now: DateTime<Utc>) -> Option<Light> {
        let start = self.stretches.first()?.start;
        let last = self.stretches.last()?;
        // Paused, it stands as it stood when the pause began; a pause that has
        // ended is among what is skipped.
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

    /// Time that did not count, in stretches that have ended.
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
        /// However often it is paused, the counted time up to the deadline is
        /// the limit, and stretches join without gap or overlap.
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

        /// Days too move by exactly the pause, whatever the hour.
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
